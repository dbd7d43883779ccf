import { assert, property, uint8Array } from 'fast-check';
import t from 'tap';
import { formatIp, NetworkSet, parseIp } from '../../src/lib/ip.ts';

t.test('addresses are read and written', async (t) => {
  const rows: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::1', '::1'],
    ['::', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::', '2001:db8::'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ];
  for (const [text, expected] of rows) {
    const bytes = new Uint8Array(20);
    t.ok(parseIp(text, bytes, 4), text);
    t.equal(formatIp(bytes, 4), expected, text);
  }
  for (const text of ['', '1.2.3', '1.2.3.4:80', '[::1]', 'fe80::1%eth0', 'x', '1::2::3']) {
    t.notOk(parseIp(text, new Uint8Array(16)), text);
  }
});

t.test('an address that is written is read back', async () => {
  assert(
    property(uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const again = new Uint8Array(16);
      return parseIp(formatIp(bytes), again) && Buffer.compare(bytes, again) === 0;
    }),
  );
});

t.test('networks', async (t) => {
  const set = new NetworkSet(['10.0.0.0/8', '2001:db8::/33', '192.0.2.7', '::1/128']);
  const has = (text: string): boolean => {
    const bytes = new Uint8Array(16);
    parseIp(text, bytes);
    return set.has(bytes, 0);
  };
  for (const text of ['10.255.0.1', '2001:db8:7fff::1', '192.0.2.7', '::1', '::ffff:10.1.1.1'])
    t.ok(has(text), text);
  for (const text of ['11.0.0.1', '2001:db8:8000::1', '192.0.2.6', '::2', '::10.0.0.1'])
    t.notOk(has(text), text);
  t.ok(new NetworkSet([]).isEmpty);
  t.throws(() => new NetworkSet(['nonsense']));
});
