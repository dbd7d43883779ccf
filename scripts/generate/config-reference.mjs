// config/reference.yaml: every option with its description and its default, as a config that can be run as it stands.
// What has no default is shown by an example, and commented out where it may be left out.

const lineMax = 110;

const errorPage = {
  file: 'pages/error.html',
  content: '<h1>{{status}}</h1>',
  content_type: 'text/html; charset=utf-8',
};

const set = { operation: 'set' };
const remove = { operation: 'remove' };
const cacheControl = {
  'max-age': { operation: 'set', value: 30, cloudflare_only: true },
  's-maxage': remove,
  'stale-if-error': { operation: 'set', value: 600 },
  'stale-while-revalidate': { operation: 'set', value: 60 },
  private: { operation: 'set', qualifiers: ['X-User'] },
  'no-cache': remove,
  'no-store': remove,
  'no-transform': set,
  'must-revalidate': remove,
  'proxy-revalidate': remove,
  'must-understand': remove,
  public: set,
  immutable: set,
};

const field = (operation, value) => ({ operation, ...value });
const rules = {
  http_request_dynamic_redirect: [
    {
      ref: 'to-https',
      description: 'No page without TLS',
      enabled: true,
      expression: 'not ssl',
      action: 'redirect',
      action_parameters: {
        from_value: {
          target_url: { expression: 'concat("https://", http.host, http.request.uri)' },
          status_code: 308,
          preserve_query_string: false,
        },
      },
      logging: { enabled: true },
    },
  ],
  http_request_transform: [
    {
      ref: 'old-blog',
      expression: 'starts_with(http.request.uri.path, "/blog/")',
      action: 'rewrite',
      action_parameters: {
        uri: {
          path: { expression: 'concat("/archive", http.request.uri.path)' },
          query: { value: '' },
        },
      },
    },
  ],
  http_request_firewall_custom: [
    {
      ref: 'dotfiles',
      expression: 'http.request.uri.path contains "/."',
      action: 'block',
      action_parameters: {
        response: { status_code: 404, content: 'Nothing here.', content_type: 'text/plain' },
      },
    },
    {
      ref: 'office',
      expression: 'ip.src in $office',
      action: 'skip',
      action_parameters: { ruleset: 'current', phase: 'current', phases: ['http_request_late_transform'] },
    },
    { id: 'watch-admin', expression: 'http.request.uri.path wildcard "/admin/*"', action: 'log' },
  ],
  http_request_late_transform: [
    {
      ref: 'tell-origin',
      expression: 'true',
      action: 'rewrite',
      action_parameters: {
        headers: {
          'X-Edge': field('set', { value: 'parapet' }),
          'X-Host': field('add', { expression: 'http.host' }),
          'X-Debug': field('remove', {}),
        },
      },
    },
  ],
  http_request_cache_settings: [
    {
      ref: 'pictures',
      expression: 'starts_with(http.request.uri.path, "/pictures/")',
      action: 'set_cache_settings',
      action_parameters: {
        cache: true,
        edge_ttl: {
          mode: 'override_origin',
          default: 86400,
          status_code_ttl: [{ status_code: 404, value: 60 }],
        },
        browser_ttl: { mode: 'override_origin', default: 3600 },
        cache_key: { custom_key: { query_string: { include: { list: ['width'] } } } },
      },
    },
  ],
  http_response_cache_settings: [
    {
      ref: 'static',
      expression: 'http.response.content_type.media_type in {"text/css" "text/javascript"}',
      action: 'set_cache_settings',
      action_parameters: { strip_set_cookie: true, strip_etags: false, strip_last_modified: false },
    },
    {
      ref: 'tags',
      expression: 'true',
      action: 'set_cache_tags',
      action_parameters: { operation: 'add', expression: 'concat("host-", http.host)' },
    },
    {
      ref: 'tags-by-name',
      expression: 'http.host eq "shop.example"',
      action: 'set_cache_tags',
      action_parameters: { operation: 'set', values: ['shop', 'all'] },
    },
    {
      ref: 'directives',
      expression: 'http.response.code eq 404',
      action: 'set_cache_control',
      action_parameters: cacheControl,
    },
  ],
  http_response_headers_transform: [
    {
      ref: 'hsts',
      expression: 'ssl',
      action: 'rewrite',
      action_parameters: {
        headers: { 'Strict-Transport-Security': field('set', { value: 'max-age=31536000' }) },
      },
    },
  ],
};

const cacheSettings = {
  edge_ttl: {
    mode: 'override_origin',
    default: 3600,
    status_code_ttl: [
      { status_code: 404, value: 60 },
      { status_code_range: { from: 500, to: 599 }, value: -1 },
    ],
  },
  browser_ttl: { mode: 'override_origin', default: 300 },
  cache_key: {
    ignore_query_strings_order: true,
    cache_deception_armor: true,
    cache_by_device_type: true,
    custom_key: {
      query_string: { include: { all: true }, exclude: { list: ['utm_source', 'utm_medium'] } },
      header: {
        include: ['X-Tenant'],
        check_presence: ['X-Beta'],
        contains: { Accept: ['image/avif', 'image/webp'] },
        exclude_origin: true,
      },
      cookie: { include: ['plan'], check_presence: ['session'] },
      host: { resolved: true },
      user: { device_type: true, geo: true, lang: true },
    },
  },
  serve_stale: { disable_stale_while_updating: true, s_maxage_allows_stale: true },
  vary: {
    default: { action: 'bypass' },
    headers: {
      Accept: { action: 'normalize', media_types: ['image/avif', 'image/webp'] },
      'Accept-Language': { action: 'normalize', languages: ['de', 'en'] },
    },
  },
  origin_cache_control: false,
  origin_range_requests: { mode: 'on' },
  respect_strong_etags: true,
  origin_error_page_passthru: true,
  additional_cacheable_ports: [8443],
  read_timeout: 100,
  shared_dictionary: { match_pattern: '/app/*.js' },
};
const cacheExamples = Object.fromEntries(
  Object.entries(cacheSettings).map(([key, value]) => [`zones.*.cache.${key}`, value]),
);

/** Sections whose examples show what they need, not all that they could have: of a rule not even the defaults. */
const isPartial = (path, hasDefault) =>
  path.startsWith('rules.') || (path.startsWith('zones.*.cache.') && !hasDefault);

/** Sections that are shown elsewhere: by path, what to say. */
const shownElsewhere = { 'zones.*.rules': 'The keys are those of `rules` below.' };

/** Examples of what has no default, by path; `*` stands for the name of an entry and for any index. */
const examples = {
  listeners: [{ address: '127.0.0.1:8080' }],
  origins: { site: { servers: [{ url: 'http://127.0.0.1:9100' }] } },
  zones: [{ name: 'site', hosts: ['example.com', '*.example.com'], origin: 'site' }],
  ...cacheExamples,
  'listeners.*.tls': { certificates: [{ cert: '../tls/site.crt', key: '../tls/site.key' }] },
  'origins.*.tls.ca': '/etc/parapet/origins.pem',
  'origins.*.tls.serverName': 'origin.example.com',
  'origins.*.tls.cert': '/etc/parapet/client.crt',
  'origins.*.tls.key': '/etc/parapet/client.key',
  admin: { address: '127.0.0.1:9901', tokenFile: '/etc/parapet/admin.token' },
  workers: 4,
  user: 'parapet',
  'logs.jobs': [
    {
      name: 'access',
      destination: { type: 'file', path: '../var/log/http_requests.ndjson' },
      output: { field_names: ['EdgeStartTimestamp', 'RayID', 'ClientRequestURI', 'EdgeResponseStatus'] },
    },
  ],
  'logs.jobs.*.destination(http)': {
    url: 'https://logs.example/ingest',
    headers: { 'X-Source': 'edge-1' },
    header_files: { Authorization: '/run/secrets/ingest' },
    tls: { ca: '/etc/ssl/logs-ca.pem' },
  },
  'logs.jobs.*.output.output_type': 'ndjson',
  'logs.jobs.*.filter': 'EdgeResponseStatus ge 500',
  'logs.jobs.*.sample_rate': 0.1,
  'logs.jobs.*.output.constants': { EdgeColoCode: 'AMS', EdgeColoID: 12 },
  'logs.directory': '../var/log',
  'dns.servers': ['192.0.2.53'],
  trusted_proxies: ['10.0.0.0/8'],
  'geo.databases': ['geo/GeoLite2-Country.mmdb'],
  error_pages: { '5xx': errorPage },
  'zones.*.error_pages': { 404: errorPage },
  rules,
  lists: { office: { kind: 'ip', items: ['192.0.2.0/24', '2001:db8::/32'], file: 'lists/office.txt' } },
};

/** Keys with a default whose example is shown, commented out. */
const commentedExamples = [
  'dns.servers',
  'trusted_proxies',
  'geo.databases',
  'error_pages',
  'zones.*.error_pages',
  'rules',
  'lists',
];

const quoted = /^$|^[\s*&!|>'"%@`?{}[\],#-]|: | #|^(true|false|null|yes|no|on|off|~)$|^[0-9.+-]+$|:$/i;
const scalar = (value) =>
  typeof value === 'string' && quoted.test(value) ? JSON.stringify(value) : String(value);
const flow = (value) => {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object')
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${flow(inner)}`)
      .join(', ')} }`;
  return scalar(value);
};

function comment(text, indent) {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + 2 + line.length + 1 + word.length > lineMax) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].map((one) => `${indent}# ${one}`);
}

function facts(schema) {
  if (schema.enum !== undefined) return ` One of: ${schema.enum.join(', ')}.`;
  return '';
}

const isSection = (schema) => schema.properties !== undefined || schema.oneOf !== undefined;

/** Lines of one key. `given`: its example, or undefined. */
function renderKey(key, schema, path, given, indent, off) {
  const mark = off ? '#' : '';
  const about =
    schema.description === undefined ? [] : comment(`${schema.description}${facts(schema)}`, indent);
  const head = `${indent}${mark}${key}:`;
  const inner = `${indent}  `;
  if (schema.patternProperties !== undefined) {
    const [entry] = Object.values(schema.patternProperties);
    const lines = Object.entries(given ?? {}).flatMap(([name, value]) =>
      isSection(entry)
        ? [`${inner}${mark}${name}:`, renderSection(entry, `${path}.*`, value, `${inner}  `, off)]
        : `${inner}${mark}${name}: ${flow(value)}`,
    );
    return [...about, head, ...lines.flat()];
  }
  if (isSection(schema))
    return [
      ...about,
      head,
      ...renderSection(schema, path, given, inner, off),
      ...others(key, schema, path, indent),
    ];
  if (schema.items !== undefined && isSection(schema.items)) {
    const values = given ?? [];
    if (values.length === 0)
      return [...about, `${head} ${longList(schema.default ?? [], indent, mark)}`.trimEnd()];
    return [
      ...about,
      head,
      ...values.flatMap((value) => renderItem(schema.items, `${path}.*`, value, inner, off)),
    ];
  }
  const value = given ?? schema.default;
  return [
    ...about,
    Array.isArray(value) ? `${head} ${longList(value, indent, mark)}` : `${head} ${flow(value)}`,
  ];
}

/** The other kinds of a section that has several, where there is an example of them. */
function others(key, schema, path, indent) {
  const tag = schema.discriminator?.propertyName;
  return (schema.oneOf ?? []).flatMap((variant) => {
    const example = examples[`${path}(${variant.properties[tag].const})`];
    if (example === undefined) return [];
    const lines = renderSection(variant, path, example, `${indent}  `, true);
    return comment(`Or: ${variant.description}`, indent).concat(`${indent}#${key}:`, lines);
  });
}

/** A list on one line, or broken where it is too long for one. */
function longList(values, indent, mark) {
  const one = flow(values);
  if (one.length + indent.length <= lineMax - 20) return one;
  const lines = [];
  let line = '';
  for (const value of values.map(flow)) {
    if (line.length + value.length + 2 + indent.length > lineMax - 4) {
      lines.push(line);
      line = '';
    }
    line += `${value}, `;
  }
  return [
    '[',
    ...[...lines, line].map((text) => `${indent}  ${mark}  ${text.trimEnd()}`),
    `${indent}${mark}]`,
  ].join('\n');
}

function renderItem(schema, path, value, indent, off) {
  const lines = renderSection(schema, path, value, `${indent}  `, off);
  const first = lines.findIndex((line) => !line.trimStart().startsWith('# '));
  // The dash stands before the first key, its description above it.
  const dash = (line) =>
    off ? `${indent}#- ${line.slice(indent.length + 3)}` : `${indent}- ${line.slice(indent.length + 2)}`;
  return lines.map((line, index) => (index === first ? dash(line) : line));
}

function renderSection(schema, path, given, indent, off) {
  const tag = schema.discriminator?.propertyName;
  const named = schema.oneOf?.find(({ properties }) => properties[tag]?.const === given?.[tag]);
  const section = named ?? schema.oneOf?.[0] ?? schema;
  const required = new Set(section.required ?? []);
  const lines = [];
  for (const [key, inner] of Object.entries(section.properties)) {
    if (inner.notYet) continue;
    const at = path === '' ? key : `${path}.${key}`;
    if (inner.const !== undefined) {
      lines.push(`${indent}${off ? '#' : ''}${key}: ${inner.const}`);
      continue;
    }
    const value = examples[at] ?? given?.[key];
    const isOptional = !required.has(key) && inner.default === undefined;
    if (value === undefined && isPartial(at, inner.default !== undefined)) continue;
    if (shownElsewhere[at] !== undefined) {
      lines.push(...comment(`${inner.description} ${shownElsewhere[at]}`, indent), `${indent}#${key}: {}`);
      continue;
    }
    const isOff =
      off ||
      (isOptional && key !== 'admin') ||
      (examples[at] !== undefined && commentedExamples.includes(at));
    if (value === undefined && inner.default === undefined)
      throw new Error(`config-reference: ${at} needs an example`);
    lines.push(...renderKey(key, inner, at, value, indent, isOff));
  }
  return lines;
}

export function configReference(schema) {
  const plain = JSON.parse(JSON.stringify(schema));
  const head = [
    '# yaml-language-server: $schema=./schema.json',
    '# Every option of Parapet with its default (generated: npm run gen). A line that begins with # and no space is an',
    '# option without a default. Sizes are bytes, or have a unit (KiB, MiB, GiB); times say their unit in the name.',
    '',
  ];
  const lines = renderSection(plain, '', undefined, '', false);
  return `${[...head, ...lines].join('\n')}\n`;
}
