/** Makes the batch of a plan that an earlier process wrote down. */
import type { SegmentReader, Spool } from '../logs/index.ts';
import type { Batch } from './batch.ts';
import type { Format } from './format.ts';
import type { Plan } from './job-state.ts';

/** False: it cannot be made any more as it was. */
export function remake(
  batch: Batch,
  plan: Plan,
  format: Format,
  { spool, reader, nowMs }: { spool: Spool; reader: SegmentReader; nowMs: number },
): boolean {
  batch.begin(plan.from, format, { bytes: plan.bytes, records: Number.POSITIVE_INFINITY });
  batch.tell(plan.losses, nowMs);
  while (batch.to.record < plan.to.record) {
    const block = spool.read(batch.to, reader);
    if (block === null) return false;
    const { to } = batch;
    const isSame = block.segment === to.segment && block.offset === to.offset;
    if (!isSame && block.first !== to.record) return false;
    const isLast = block.segment === plan.to.segment && block.offset === plan.to.offset;
    const end = isLast ? plan.to.skip : block.bodyBytes;
    if (!batch.add(block, isSame ? to.skip : 0, end, nowMs)) return false;
  }
  const { records } = plan.counts;
  return batch.length === plan.bytes && batch.counts.records === records && batch.id() === plan.id;
}
