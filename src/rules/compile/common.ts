/** What stands in nearly every request, and so tells little when it is found. Folded as the prefilter folds bytes. */

const phrases = [
  'https://www.',
  'http://www.',
  'mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0 safari/537.36',
  'mozilla/5.0 (x11; linux x86_64; rv:120.0) gecko/20100101 firefox/120.0',
  'mozilla/5.0 (iphone; cpu iphone os 17_0 like mac os x) version/17.0 mobile/15e148 safari/604.1',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'gzip, deflate, br, zstd',
  'en-us,en;q=0.9',
  '/index.html',
  '.com/',
  'session',
];

export function isCommon(text: string): boolean {
  return phrases.some((phrase) => phrase.includes(text));
}
