/**
 * Cache deception armor: `/account/x.css` that answers with an account page must not be kept. A response is what its path
 * says where the Content-Type belongs to the extension; what is sent as application/octet-stream is shown by no browser.
 */
interface Kind {
  readonly extensions: string;
  /** Whole types, or beginnings, which end in "/", "-" or ".". */
  readonly types: readonly string[];
}

const kinds: readonly Kind[] = [
  {
    extensions: 'jpg jpeg png gif webp avif bmp ico svg svgz tif tiff pict',
    types: ['image/'],
  },
  // Sent in place of animated pictures.
  { extensions: 'gif', types: ['video/webm', 'video/mp4'] },
  { extensions: 'css', types: ['text/css'] },
  {
    extensions: 'js',
    types: [
      'text/javascript',
      'application/javascript',
      'application/x-javascript',
      'application/ecmascript',
    ],
  },
  {
    extensions: 'ttf otf woff woff2 eot',
    types: ['font/', 'application/font-', 'application/x-font-', 'application/vnd.ms-'],
  },
  { extensions: 'mp3 mid midi ogg flac', types: ['audio/', 'application/ogg'] },
  { extensions: 'mp4 mkv webm ogg', types: ['video/', 'audio/'] },
  { extensions: 'pls', types: ['audio/'] },
  { extensions: 'csv', types: ['text/csv', 'text/plain', 'application/csv', 'application/vnd.ms-excel'] },
  { extensions: 'pdf', types: ['application/pdf'] },
  { extensions: 'ps eps', types: ['application/postscript', 'application/eps', 'image/'] },
  {
    extensions: 'doc docx xls xlsx ppt pptx',
    types: ['application/msword', 'application/vnd.', 'application/zip'],
  },
  {
    extensions: 'class jar',
    types: ['application/java-', 'application/x-java-', 'application/java', 'application/zip'],
  },
  { extensions: 'swf', types: ['application/x-shockwave-flash', 'application/vnd.adobe.flash'] },
  {
    extensions: '7z zip gz tar bz2 rar zst iso dmg apk exe bin',
    types: ['application/'],
  },
  { extensions: 'txt', types: ['text/plain'] },
  { extensions: 'json', types: ['application/json'] },
  {
    extensions: 'xml',
    types: ['application/xml', 'text/xml', 'application/rss+xml', 'application/atom+xml'],
  },
];

/** Types of documents, which a wide row must not let through. */
const documents: readonly string[] = ['text/html', 'application/xhtml+xml', 'application/json', 'text/json'];

const byExtension = new Map<string, string[]>();
for (const { extensions, types } of kinds) {
  for (const extension of extensions.split(' ')) {
    byExtension.set(extension, [...(byExtension.get(extension) ?? []), ...types]);
  }
}

/**
 * Whether a response may be what the path says.
 *
 * @param extension of the path, in lower case; empty where it has none
 * @param contentType undefined: the response has none
 */
export function fitsExtension(extension: string, contentType: string | undefined): boolean {
  const types = byExtension.get(extension);
  if (types === undefined) return true;
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/octet-stream') return true;
  if (documents.includes(type)) return types.includes(type);
  return types.some((one) => (/[/.-]$/.test(one) ? type.startsWith(one) : type === one));
}
