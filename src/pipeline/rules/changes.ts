/**
 * What rules have changed of a request: slot of the rule phases. The changes of a phase hold from its end on, so that all
 * of its rules see the request as the phase found it, and the last one that matches wins.
 */
import type { CommandWriter } from '../../engine/command-writer.ts';
import { editOp, fieldWords } from '../../engine/contract.ts';
import { type HeadView, knownId, noField } from '../../engine/head-view.ts';
import { latin1Bytes } from '../../lib/bytes.ts';

export interface FieldChange {
  readonly op: (typeof editOp)[keyof typeof editOp];
  readonly id: number;
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

/** Changes as they are remembered between the events of an exchange. */
export interface KeptChanges {
  readonly path: string | undefined;
  readonly query: string | null | undefined;
  readonly fields: readonly FieldChange[];
  readonly skipped: number;
}

/** Changes with one more; a set or a remove takes the place of what was done to the field before. */
export function withChange(changes: readonly FieldChange[], change: FieldChange): FieldChange[] {
  const kept = change.op === editOp.append ? changes : changes.filter(({ name }) => name !== change.name);
  return [...kept, change];
}

/** Writes changes as edits of the command that is being written. */
export function writeChanges(writer: CommandWriter, changes: readonly FieldChange[]): void {
  for (const { op, id, name, value } of changes) {
    writer.openTextEdit(op, id, name);
    writer.putText(value);
    writer.closeEdit();
  }
}

export class RequestChanges implements KeptChanges {
  /** undefined: as it came. Latin1 text that may stand in a request line. */
  path: string | undefined;
  /** null: there is none any more. */
  query: string | null | undefined;
  fields: readonly FieldChange[] = [];
  /** Bits of the phases that are left out. */
  skipped = 0;
  /** Fields stand as the Vary settings want them. */
  isNormalised = false;

  clear(): void {
    this.path = undefined;
    this.query = undefined;
    if (this.fields.length > 0) this.fields = [];
    this.skipped = 0;
    this.isNormalised = false;
  }

  take(kept: KeptChanges): void {
    this.path = kept.path;
    this.query = kept.query;
    this.fields = kept.fields;
    this.skipped = kept.skipped;
    this.isNormalised = true;
  }

  copy(): KeptChanges {
    const { path, query, fields, skipped } = this;
    return { path, query, fields, skipped };
  }

  get hasTarget(): boolean {
    return this.path !== undefined || this.query !== undefined;
  }

  get isEmpty(): boolean {
    return !this.hasTarget && this.fields.length === 0 && this.skipped === 0;
  }

  addField(change: FieldChange): void {
    this.fields = withChange(this.fields, change);
  }

  /** Names of the fields that have been changed, each once. */
  get fieldNames(): string[] {
    return [...new Set(this.fields.map(({ name }) => name))];
  }

  /** The lines of a field after the changes, joined by commas; undefined: it is not there. */
  textOf(name: string, request: HeadView): string | undefined {
    const values = this.valuesOf(name, request) ?? linesOf(name, request);
    return values.length === 0 ? undefined : values.join(',');
  }

  /** Values that a field has after the changes; undefined: it has not been changed. */
  valuesOf(name: string, request: HeadView): string[] | undefined {
    let values: string[] | undefined;
    for (const change of this.fields) {
      if (change.name !== name) continue;
      values = change.op === editOp.append ? (values ?? linesOf(name, request)) : [];
      if (change.op !== editOp.remove) values.push(change.value);
    }
    return values;
  }
}

/** Values of a request field as they came. */
function linesOf(name: string, request: HeadView): string[] {
  const id = knownId(name);
  const bytes = latin1Bytes(name);
  const values: string[] = [];
  let field = request.findNamed(bytes, id, request.fieldAt(0));
  while (field !== noField) {
    values.push(request.valueText(field));
    field = request.findNamed(bytes, id, field + fieldWords);
  }
  return values;
}
