/**
 * Fields of http_requests that Logpush has and that are not known here (yet): naming them is allowed, so that what an
 * operator wrote for Logpush works, and they carry the default of their type.
 */
import type { Field, FieldType } from './field.ts';

const nothing: Record<FieldType, string> = {
  int: '0',
  float: '0',
  bool: 'false',
  string: '""',
  timestamp: '0',
  'array[int]': '[]',
  'array[string]': '[]',
  object: '{}',
};

const names: Record<Exclude<FieldType, 'timestamp'>, readonly string[]> = {
  int: [
    'BotScore',
    'ClientASN',
    'EdgeColoID',
    'SmartRouteColoID',
    'UpperTierColoID',
    'WAFAttackScore',
    'WAFRCEAttackScore',
    'WAFSQLiAttackScore',
    'WAFXSSAttackScore',
    'WorkerCPUTime',
    'WorkerSubrequestCount',
    'WorkerWallTimeUs',
  ],
  float: ['EdgeResponseCompressionRatio'],
  bool: ['CacheReserveUsed', 'CacheTieredFill', 'EdgeCFConnectingO2O', 'WorkerSubrequest'],
  string: [
    'BotScoreSrc',
    'ClientCity',
    'ClientCountry',
    'ClientLatitude',
    'ClientLongitude',
    'ClientMTLSAuthCertFingerprint',
    'ClientRegionCode',
    'EdgeColoCode',
    'FraudAttack',
    'FraudEmailRisk',
    'FraudUserID',
    'JA3Hash',
    'JA4',
    'JSDetectionPassed',
    'LeakedCredentialCheckResult',
    'PayPerCrawlStatus',
    'VerifiedBotCategory',
    'WAFFlags',
    'WAFMatchedVar',
    'WebAssetsOperationID',
    'WorkerScriptName',
    'WorkerStatus',
  ],
  'array[int]': ['BotDetectionIDs', 'ContentScanObjSizes', 'FraudDetectionIDs'],
  'array[string]': [
    'BotDetectionTags',
    'BotTags',
    'ContentScanObjResults',
    'ContentScanObjTypes',
    'FraudDetectionTags',
    'WebAssetsLabelsManaged',
  ],
  object: ['Cookies', 'RequestHeaders', 'ResponseHeaders', 'JA4Signals'],
};

/** Fields whose default is a word of their own enumeration. */
const words: readonly (readonly [string, string])[] = [
  ['ClientIPClass', 'unknown'],
  ['EdgePathingStatus', 'unknown'],
  ['ClientMTLSAuthStatus', 'unknown'],
];

function unknownField(name: string, type: FieldType, json: string): Field {
  return {
    name,
    type,
    source: { from: 'nothing', json },
    about: 'Not known; always its default.',
    isDefault: false,
  };
}

export const unknownFields: readonly Field[] = [
  ...Object.entries(names).flatMap(([type, list]) =>
    list.map((name) => unknownField(name, type as FieldType, nothing[type as FieldType])),
  ),
  ...words.map(([name, word]) => unknownField(name, 'string', JSON.stringify(word))),
];
