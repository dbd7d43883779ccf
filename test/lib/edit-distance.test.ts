import t from 'tap';
import { editDistance, nearestName } from '../../src/lib/edit-distance.ts';

t.test('counts the edits between two names, and stops at the limit', async (t) => {
  t.equal(editDistance('kitten', 'sitting', 9), 3);
  t.equal(editDistance('zone', 'zone', 9), 0);
  t.equal(editDistance('ab', 'ba', 9), 1, 'neighbours that changed places are one edit');
  t.equal(editDistance('', 'abc', 9), 3);
  t.equal(editDistance('abc', 'xyzuvw', 2), 3, 'more than the limit is the limit and one');
});

t.test('finds the name that was meant, or none', async (t) => {
  const names = ['listeners', 'origins', 'zones', 'max_connections', 'bodyBytesMax'];
  t.equal(nearestName('listner', names), 'listeners');
  t.equal(nearestName('maxConnections', names), 'max_connections');
  t.equal(nearestName('body_bytes_max', names), 'bodyBytesMax');
  t.equal(nearestName('cache', names), undefined);
  t.equal(nearestName('zones', []), undefined);
});
