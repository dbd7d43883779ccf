/** What of a client may be part of a key: its kind of device and its language, each one of a few words. */

export type DeviceType = 'mobile' | 'tablet' | 'desktop';

/** Parts of User-Agent values, as devices send them. */
const tablets = ['iPad', 'Tablet', 'PlayBook', 'Kindle', 'Silk/', 'Nexus 7', 'Nexus 9', 'Nexus 10'];
const mobiles = ['Mobi', 'iPhone', 'iPod', 'Windows Phone', 'BlackBerry', 'Opera Mini', 'IEMobile', 'webOS'];

export function deviceType(userAgent: string): DeviceType {
  const has = (part: string) => userAgent.includes(part);
  if (tablets.some(has)) return 'tablet';
  if (mobiles.some(has)) return 'mobile';
  // Android says "Mobile" on telephones alone.
  return has('Android') ? 'tablet' : 'desktop';
}

/** Primary subtag of the first range of Accept-Language in lower case; empty where there is none. */
export function firstLanguage(acceptLanguage: string): string {
  const first = acceptLanguage.slice(0, 64).trimStart();
  const end = first.search(/[^A-Za-z]/);
  const tag = end === -1 ? first : first.slice(0, end);
  return tag.length > 8 ? '' : tag.toLowerCase();
}
