/** Every field that Logpush has in http_requests can be named here, with its type. */
import t from 'tap';
import { checkOutput, fieldsOf } from '../../src/logs/record/config.ts';
import { datasetFields } from '../../src/logs/record/dataset.ts';

/** Cloudflare's dataset http_requests, by type. */
const logpush = {
  timestamp: 'EdgeStartTimestamp EdgeEndTimestamp',
  int: `BotScore CacheResponseBytes CacheResponseStatus ClientASN ClientRequestBytes ClientSrcPort ClientTCPRTTMs
    EdgeColoID EdgeResponseBodyBytes EdgeResponseBytes EdgeResponseStatus EdgeTimeToFirstByteMs OriginDNSResponseTimeMs
    OriginRequestHeaderSendDurationMs OriginResponseBytes OriginResponseDurationMs OriginResponseHeaderReceiveDurationMs
    OriginResponseStatus OriginResponseTime OriginTCPHandshakeDurationMs OriginTLSHandshakeDurationMs SmartRouteColoID
    UpperTierColoID WAFAttackScore WAFRCEAttackScore WAFSQLiAttackScore WAFXSSAttackScore WorkerCPUTime
    WorkerSubrequestCount WorkerWallTimeUs`,
  float: 'EdgeResponseCompressionRatio',
  bool: 'CacheReserveUsed CacheTieredFill EdgeCFConnectingO2O WorkerSubrequest',
  string: `BotScoreSrc CacheCacheStatus ClientCity ClientCountry ClientDeviceType ClientIP ClientIPClass ClientLatitude
    ClientLongitude ClientMTLSAuthCertFingerprint ClientMTLSAuthStatus ClientRegionCode ClientRequestHost
    ClientRequestMethod ClientRequestPath ClientRequestProtocol ClientRequestReferer ClientRequestScheme
    ClientRequestSource ClientRequestURI ClientRequestUserAgent ClientSSLCipher ClientSSLProtocol ClientXRequestedWith
    EdgeColoCode EdgePathingOp EdgePathingSrc EdgePathingStatus EdgeRequestHost EdgeResponseContentType EdgeServerIP
    FraudAttack FraudEmailRisk FraudUserID JA3Hash JA4 JSDetectionPassed LeakedCredentialCheckResult OriginIP
    OriginResponseHTTPExpires OriginResponseHTTPLastModified OriginSSLProtocol ParentRayID PayPerCrawlStatus RayID
    SecurityAction SecurityRuleDescription SecurityRuleID VerifiedBotCategory WAFFlags WAFMatchedVar
    WebAssetsOperationID WorkerScriptName WorkerStatus ZoneName`,
  'array[int]': 'BotDetectionIDs ContentScanObjSizes FraudDetectionIDs',
  'array[string]': `BotDetectionTags BotTags ContentScanObjResults ContentScanObjTypes FraudDetectionTags SecurityActions
    SecurityRuleIDs SecuritySources WebAssetsLabelsManaged`,
  object: 'Cookies RequestHeaders ResponseHeaders JA4Signals',
} as const;

const { fields } = datasetFields.http_requests;

t.test('every name, and its type', async (t) => {
  for (const [type, names] of Object.entries(logpush)) {
    for (const name of names.split(/\s+/)) t.equal(fields.get(name)?.type, type, name);
  }
});

t.test('constants take the place of what is not known, and of nothing else', async (t) => {
  const output = {
    timestamp_format: 'unix' as const,
    constants: { EdgeColoCode: 'A"MS', EdgeColoID: 12 },
  };
  t.same(checkOutput('http_requests', output), []);
  const own = fieldsOf('http_requests', output);
  t.same(own.get('EdgeColoCode')?.source, { from: 'nothing', json: '"A\\"MS"' });
  t.same(own.get('EdgeColoID')?.source, { from: 'nothing', json: '12' });
  t.equal(own.size, fields.size);
  const rows: [string, string | number, RegExp][] = [
    ['RayID', 'x', /RayID is known/],
    ['Nothing', 'x', /no field Nothing/],
    ['EdgeColoID', 'x', /EdgeColoID is a whole number/],
    ['EdgeColoCode', 1, /EdgeColoCode is a text/],
    ['Cookies', 'x', /Cookies cannot be a constant/],
  ];
  for (const [name, value, message] of rows) {
    const faults = checkOutput('http_requests', { timestamp_format: 'unix', constants: { [name]: value } });
    t.match(faults, [[['constants', name], message]]);
  }
});
