/** Problem documents (RFC 9457): the form of every error of the admin API. */

export interface Problem {
  status: number;
  title: string;
  detail: string;
  /** Further members. */
  extra?: Readonly<Record<string, unknown>>;
}

export const problemType = 'application/problem+json';

export function problemBody({ status, title, detail, extra }: Problem): string {
  return `${JSON.stringify({ type: 'about:blank', title, status, detail, ...extra })}\n`;
}

export const problems = {
  notFound: (path: string): Problem => ({ status: 404, title: 'Not Found', detail: `There is no ${path}.` }),
  method: (method: string, allow: string): Problem => ({
    status: 405,
    title: 'Method Not Allowed',
    detail: `${method} is not for this resource; ${allow} is.`,
  }),
  foreignHost: (): Problem => ({
    status: 403,
    title: 'Forbidden',
    detail: 'The Host field names another host than the admin API (a defence against DNS rebinding).',
  }),
  origin: (): Problem => ({
    status: 403,
    title: 'Forbidden',
    detail: 'Requests with an Origin field, as browsers send them, are refused.',
  }),
  token: (): Problem => ({
    status: 401,
    title: 'Unauthorized',
    detail: 'Changes need the token of the token file: Authorization: Bearer TOKEN.',
  }),
  tooLarge: (bytes: number): Problem => ({
    status: 413,
    title: 'Content Too Large',
    detail: `A request body may have ${bytes} bytes.`,
  }),
  mediaType: (): Problem => ({
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'The body has to be application/json.',
  }),
  bad: (detail: string): Problem => ({ status: 400, title: 'Bad Request', detail }),
  badFilter: (detail: string, extra: Problem['extra']): Problem => ({
    status: 400,
    title: 'Bad Request',
    detail,
    ...(extra === undefined ? {} : { extra }),
  }),
  tooMany: (detail: string): Problem => ({ status: 429, title: 'Too Many Requests', detail }),
  refused: (detail: string, extra?: Problem['extra']): Problem => ({
    status: 422,
    title: 'Unprocessable Content',
    detail,
    ...(extra === undefined ? {} : { extra }),
  }),
  purgesUsedUp: (): Problem => ({
    status: 503,
    title: 'Service Unavailable',
    detail: 'The store has counted as many purges as it can (2^32): a restart empties it and begins anew.',
  }),
  internal: (): Problem => ({
    status: 500,
    title: 'Internal Server Error',
    detail: 'The operator log says why.',
  }),
};
