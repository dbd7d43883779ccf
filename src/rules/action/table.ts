/** The actions that are built, one entry each. To add one: its file, its row here, its code in `src/pipeline/rules/act.ts`. */
import type { Action } from './action.ts';
import { block } from './block.ts';
import { log } from './log.ts';
import type { PhaseName } from './protocol.ts';
import { redirect } from './redirect.ts';
import { rewriteHeaders } from './rewrite-headers.ts';
import { rewriteUri } from './rewrite-uri.ts';
import { setCacheControl } from './set-cache-control.ts';
import { setCacheSettings, stripFields } from './set-cache-settings.ts';
import { setCacheTags } from './set-cache-tags.ts';
import { skip } from './skip.ts';

const actionTable: readonly Action[] = [
  redirect,
  rewriteUri,
  block,
  skip,
  log,
  rewriteHeaders,
  setCacheSettings,
  stripFields,
  setCacheTags,
  setCacheControl,
];

export function actionsOf(phase: PhaseName): readonly Action[] {
  return actionTable.filter(({ phases }) => phases.includes(phase));
}

export function findAction(phase: PhaseName, name: string): Action | undefined {
  return actionsOf(phase).find((action) => action.name === name);
}
