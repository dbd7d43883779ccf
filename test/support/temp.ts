/** Folders of one test, removed when it ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
