import t from 'tap';
import { Arena } from '../../src/engine/arena.ts';
import { batchRegion, CommandWriter, lateRegion } from '../../src/engine/command-writer.ts';
import {
  annotationBytesMax,
  annotationHeaderBytes,
  commandFlag,
  commandKind,
  commandWord,
  controlWord,
  editOp,
  reasons,
} from '../../src/engine/contract.ts';
import { decodeEdits, encodeEdits } from '../../src/engine/edits.ts';
import { knownId } from '../../src/engine/head-view.ts';
import { FakeEngine } from '../support/fake-engine.ts';

function writerOf(engine: FakeEngine): CommandWriter {
  const writer = new CommandWriter(new Arena(engine.memory), batchRegion);
  engine.begin();
  writer.start();
  return writer;
}

t.test('a command has the words that were set, and 0 in the others', async (t) => {
  const engine = new FakeEngine();
  engine.words.fill(-7, 16_384 >> 2, 49_152 >> 2);
  const writer = writerOf(engine);
  t.ok(writer.begin(commandKind.serve, 5, 9));
  writer.set(commandWord.object, 77);
  writer.addFlag(commandFlag.close);
  writer.addFlag(commandFlag.noBody);
  t.ok(writer.end());
  const [command] = engine.commands();
  t.equal(command?.kind, 'serve');
  t.equal(command?.word('slot'), 5);
  t.equal(command?.word('generation'), 9);
  t.equal(command?.word('object'), 77);
  t.equal(command?.word('age'), -1);
  t.equal(command?.flags, commandFlag.close | commandFlag.noBody);
  t.equal(command?.word('storeEditsLength'), 0);
});

t.test('annotations are entries of index, length and text', async (t) => {
  const engine = new FakeEngine();
  const writer = writerOf(engine);
  writer.begin(commandKind.annotate, 1, 1);
  writer.annotation(0, 'block');
  writer.annotation(4, `a\x1f${'b'.repeat(300)}`);
  writer.annotation(2, 'x'.repeat(annotationBytesMax + 10));
  t.ok(writer.end());
  const [command] = engine.commands();
  const at = command?.word('bodyOffset') ?? 0;
  const length = command?.word('bodyLength') ?? 0;
  const bytes = Buffer.from(engine.memory, at, length);
  const found: [number, string][] = [];
  for (let offset = 0; offset < length; ) {
    const end = offset + annotationHeaderBytes + bytes.readUInt16LE(offset + 2);
    found.push([bytes.readUInt16LE(offset), bytes.toString('latin1', offset + annotationHeaderBytes, end)]);
    offset = end;
  }
  t.same(found, [
    [0, 'block'],
    [4, `a\x1f${'b'.repeat(300)}`],
    [2, 'x'.repeat(annotationBytesMax)],
  ]);
});

t.test('edits come back as they were written', async (t) => {
  const engine = new FakeEngine();
  const writer = writerOf(engine);
  writer.begin(commandKind.forward, 1, 1);
  writer.beginEdits();
  writer.editText(editOp.set, knownId('host'), 'a.example');
  writer.addEncoded(encodeEdits([{ op: editOp.append, name: 'x-own', value: 'v' }]));
  writer.openTextEdit(editOp.set, 0, 'x-other');
  writer.putText('1');
  writer.putText('');
  writer.putText(', 2 and a text that is longer than a short one');
  writer.closeEdit();
  writer.removeField(knownId('age'));
  writer.endEdits(commandWord.editsOffset);
  writer.beginEdits();
  writer.editText(editOp.append, knownId('via'), '');
  writer.endEdits(commandWord.storeEditsOffset);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(Buffer.from('body')));
  writer.end();
  const [command] = engine.commands();
  t.same(command?.edits, [
    { op: editOp.set, name: 'host', value: 'a.example' },
    { op: editOp.append, name: 'x-own', value: 'v' },
    { op: editOp.set, name: 'x-other', value: '1, 2 and a text that is longer than a short one' },
    { op: editOp.remove, name: 'age' },
  ]);
  t.same(command?.storeEdits, [{ op: editOp.append, name: 'via', value: '' }]);
  t.equal(command?.body, 'body');
});

t.test('encoded edits are decoded', async (t) => {
  const edits = [
    { op: editOp.set, name: 'cache-status', value: 'x' },
    { op: editOp.remove, name: 'unknown-name' },
  ];
  t.same(decodeEdits(encodeEdits(edits)), edits);
});

t.test('what does not fit becomes a plain 500, and nothing is written outside', async (t) => {
  for (const outBytes of [0, 4, 8, 12, 16, 100]) {
    const engine = new FakeEngine(outBytes);
    const writer = writerOf(engine);
    const from = engine.words[controlWord.outOffset]! + outBytes;
    engine.bytes.fill(0xee, from, from + 4096);
    writer.begin(commandKind.forward, 3, 4);
    writer.addFlag(commandFlag.store);
    writer.beginEdits();
    writer.editText(editOp.set, knownId('host'), 'x'.repeat(200));
    writer.openTextEdit(editOp.set, 0, 'y'.repeat(200));
    writer.closeEdit();
    writer.endEdits(commandWord.editsOffset);
    writer.setBytes(commandWord.bodyOffset, new Uint8Array(300));
    t.notOk(writer.end());
    const [command] = engine.commands();
    t.equal(command?.kind, 'respond', `${outBytes} bytes`);
    t.equal(command?.word('status'), 500);
    t.equal(reasons[command!.word('reason')], 'policy_fault');
    t.equal(command?.flags, 0);
    t.equal(command?.word('editsLength'), 0);
    t.ok(engine.bytes.subarray(from, from + 4096).every((byte) => byte === 0xee));
  }
});

t.test('a command that overflowed leaves the room to the next', async (t) => {
  const engine = new FakeEngine(64);
  const writer = writerOf(engine);
  writer.begin(commandKind.respond, 1, 1);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(65));
  t.notOk(writer.end());
  writer.begin(commandKind.respond, 2, 2);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(Buffer.from('fits')));
  t.ok(writer.end());
  t.equal(engine.commands()[1]?.body, 'fits');
});

t.test('a full table takes no more', async (t) => {
  const engine = new FakeEngine();
  const writer = writerOf(engine);
  for (let index = 0; index < 128; index += 1) {
    t.ok(writer.begin(commandKind.drop, index, 0));
    writer.end();
  }
  t.notOk(writer.begin(commandKind.drop, 128, 0));
  t.equal(engine.commands().length, 128);
});

t.test('a command that is abandoned does not exist', async (t) => {
  const engine = new FakeEngine();
  const writer = writerOf(engine);
  writer.begin(commandKind.respond, 1, 1);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(10));
  writer.abandon();
  t.equal(engine.commands().length, 0);
  const before = writer.room;
  writer.begin(commandKind.respond, 1, 1);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(10));
  writer.abandon();
  t.equal(writer.room, before);
});

t.test('a batch that goes on after a fault is written behind what stands', async (t) => {
  const engine = new FakeEngine();
  const writer = writerOf(engine);
  writer.begin(commandKind.respond, 1, 1);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(Buffer.from('first')));
  writer.end();
  writer.begin(commandKind.respond, 2, 2);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(Buffer.from('lost!')));
  writer.start();
  writer.begin(commandKind.respond, 3, 3);
  writer.setBytes(commandWord.bodyOffset, new Uint8Array(Buffer.from('third')));
  writer.end();
  t.same(
    engine.commands().map((command) => [command.word('slot'), command.body]),
    [
      [1, 'first'],
      [3, 'third'],
    ],
  );
});

t.test('late answers go into their own region', async (t) => {
  const engine = new FakeEngine();
  const writer = new CommandWriter(new Arena(engine.memory), lateRegion);
  writer.start();
  writer.begin(commandKind.drop, 1, 1);
  writer.end();
  t.equal(engine.words[controlWord.lateCommandCount], 1);
  t.equal(engine.words[controlWord.commandCount], 0);
});
