/** Tells the log record which rules matched: the last one by itself, and all of them as lists. */
import { type Annotation, annotationSeparator, annotations, commandKind } from '../../engine/contract.ts';
import type { Exchange } from '../exchange.ts';
import type { SecurityNote } from './note.ts';

const separator = String.fromCharCode(annotationSeparator);
const index = Object.fromEntries(annotations.map((name, at) => [name, at])) as Record<Annotation, number>;

/** Writes the notes of the exchange, if there are any; another command answers it. */
export function writeSecurity(exchange: Exchange): void {
  const { writer, matched } = exchange;
  const last = matched.at(-1);
  if (last === undefined || !exchange.beginCommand(commandKind.annotate)) return;
  const list = (key: keyof SecurityNote) => matched.map((note) => note[key]).join(separator);
  writer.annotation(index.securityAction, last.action);
  writer.annotation(index.securityRuleId, last.id);
  writer.annotation(index.securityRuleDescription, last.description);
  writer.annotation(index.securityActions, list('action'));
  writer.annotation(index.securityRuleIds, list('id'));
  writer.annotation(index.securitySources, list('source'));
  writer.end();
}
