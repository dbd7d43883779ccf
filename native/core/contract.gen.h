// Generated from src/engine/contract.ts by scripts/generate.mjs; do not edit.
#pragma once
#include <cstdint>

namespace parapet {

inline constexpr std::int32_t annotation_bytes_max = 4096;

inline constexpr std::int32_t annotation_header_bytes = 4;

inline constexpr std::int32_t annotation_separator = 31;

inline constexpr const char* annotations[] = {
    "securityAction",
    "securityRuleId",
    "securityRuleDescription",
    "securityActions",
    "securityRuleIds",
    "securitySources",
};
inline constexpr std::int32_t annotations_count = 6;

namespace cache_result {
inline constexpr std::int32_t unknown = 0;
inline constexpr std::int32_t miss = 1;
inline constexpr std::int32_t expired = 2;
inline constexpr std::int32_t updating = 3;
inline constexpr std::int32_t stale = 4;
inline constexpr std::int32_t hit = 5;
inline constexpr std::int32_t bypass = 6;
inline constexpr std::int32_t revalidated = 7;
inline constexpr std::int32_t dynamic = 8;
inline constexpr std::int32_t none = 9;
}

inline constexpr const char* cache_results[] = {
    "unknown",
    "miss",
    "expired",
    "updating",
    "stale",
    "hit",
    "bypass",
    "revalidated",
    "dynamic",
    "none",
};
inline constexpr std::int32_t cache_results_count = 10;

namespace cache_status {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t hit = 1;
inline constexpr std::int32_t hit_stale_while_revalidate = 2;
inline constexpr std::int32_t hit_stale_if_error = 3;
}

namespace command_flag {
inline constexpr std::int32_t close = 1;
inline constexpr std::int32_t collapse = 2;
inline constexpr std::int32_t store = 4;
inline constexpr std::int32_t background = 8;
inline constexpr std::int32_t want_ended = 16;
inline constexpr std::int32_t no_body = 32;
inline constexpr std::int32_t as_get = 64;
inline constexpr std::int32_t forwarding_fields = 128;
inline constexpr std::int32_t release_followers = 256;
inline constexpr std::int32_t stale = 512;
inline constexpr std::int32_t pass_through = 1024;
inline constexpr std::int32_t unconditional = 2048;
inline constexpr std::int32_t page = 4096;
inline constexpr std::int32_t parts = 8192;
inline constexpr std::int32_t sliced = 16384;
}

namespace command_kind {
inline constexpr std::int32_t serve = 1;
inline constexpr std::int32_t respond = 2;
inline constexpr std::int32_t fetch = 3;
inline constexpr std::int32_t forward = 4;
inline constexpr std::int32_t buffer_body = 5;
inline constexpr std::int32_t transform = 6;
inline constexpr std::int32_t tunnel = 7;
inline constexpr std::int32_t wait = 8;
inline constexpr std::int32_t drop = 9;
inline constexpr std::int32_t refresh = 10;
inline constexpr std::int32_t follow = 11;
inline constexpr std::int32_t annotate = 12;
}

namespace command_word {
inline constexpr std::int32_t kind = 0;
inline constexpr std::int32_t slot = 1;
inline constexpr std::int32_t generation = 2;
inline constexpr std::int32_t flags = 3;
inline constexpr std::int32_t object = 4;
inline constexpr std::int32_t object_generation = 5;
inline constexpr std::int32_t status = 6;
inline constexpr std::int32_t edits_offset = 7;
inline constexpr std::int32_t edits_length = 8;
inline constexpr std::int32_t age = 9;
inline constexpr std::int32_t ttl = 10;
inline constexpr std::int32_t cache_status = 11;
inline constexpr std::int32_t cache_result = 12;
inline constexpr std::int32_t range_first_low = 13;
inline constexpr std::int32_t range_first_high = 14;
inline constexpr std::int32_t range_last_low = 15;
inline constexpr std::int32_t range_last_high = 16;
inline constexpr std::int32_t piece_kind = 10;
inline constexpr std::int32_t piece_marker = 13;
inline constexpr std::int32_t piece_first_low = 15;
inline constexpr std::int32_t piece_first_high = 16;
inline constexpr std::int32_t piece_end_low = 17;
inline constexpr std::int32_t piece_end_high = 18;
inline constexpr std::int32_t read_timeout_ms = 14;
inline constexpr std::int32_t fill_rest_kib = 14;
inline constexpr std::int32_t body_offset = 17;
inline constexpr std::int32_t body_length = 18;
inline constexpr std::int32_t server = 19;
inline constexpr std::int32_t target_offset = 20;
inline constexpr std::int32_t target_length = 21;
inline constexpr std::int32_t key_offset = 22;
inline constexpr std::int32_t key_length = 23;
inline constexpr std::int32_t fresh_until = 24;
inline constexpr std::int32_t stale_while_revalidate_until = 25;
inline constexpr std::int32_t stale_if_error_until = 26;
inline constexpr std::int32_t object_flags = 27;
inline constexpr std::int32_t age_at_store = 28;
inline constexpr std::int32_t reason = 29;
inline constexpr std::int32_t store_edits_offset = 30;
inline constexpr std::int32_t store_edits_length = 31;
}

inline constexpr std::int32_t command_words = 32;

inline constexpr std::int32_t contract_version = 1;

inline constexpr std::int32_t control_page_bytes = 4096;

namespace control_word {
inline constexpr std::int32_t contract_version = 0;
inline constexpr std::int32_t arena_bytes = 1;
inline constexpr std::int32_t events_offset = 2;
inline constexpr std::int32_t events_max = 3;
inline constexpr std::int32_t commands_offset = 4;
inline constexpr std::int32_t commands_max = 5;
inline constexpr std::int32_t out_offset = 6;
inline constexpr std::int32_t out_bytes = 7;
inline constexpr std::int32_t late_commands_offset = 8;
inline constexpr std::int32_t late_commands_max = 9;
inline constexpr std::int32_t late_out_offset = 10;
inline constexpr std::int32_t late_out_bytes = 11;
inline constexpr std::int32_t reply_offset = 12;
inline constexpr std::int32_t reply_bytes = 13;
inline constexpr std::int32_t event_count = 16;
inline constexpr std::int32_t event_cursor = 17;
inline constexpr std::int32_t command_count = 18;
inline constexpr std::int32_t late_command_count = 19;
inline constexpr std::int32_t out_used = 20;
inline constexpr std::int32_t late_out_used = 21;
inline constexpr std::int32_t now_seconds = 22;
inline constexpr std::int32_t now_milliseconds = 23;
}

namespace counter {
inline constexpr std::int32_t exchanges_total = 0;
inline constexpr std::int32_t responses_2xx_total = 1;
inline constexpr std::int32_t responses_3xx_total = 2;
inline constexpr std::int32_t responses_4xx_total = 3;
inline constexpr std::int32_t responses_5xx_total = 4;
inline constexpr std::int32_t connections_accepted_total = 5;
inline constexpr std::int32_t connections_open = 6;
inline constexpr std::int32_t connections_refused_total = 7;
inline constexpr std::int32_t accept_paused_total = 8;
inline constexpr std::int32_t bytes_in_total = 9;
inline constexpr std::int32_t bytes_out_total = 10;
inline constexpr std::int32_t origin_connections_opened_total = 11;
inline constexpr std::int32_t origin_connections_open = 12;
inline constexpr std::int32_t origin_connections_idle = 13;
inline constexpr std::int32_t origin_requests_total = 14;
inline constexpr std::int32_t origin_retries_total = 15;
inline constexpr std::int32_t origin_failures_total = 16;
inline constexpr std::int32_t origin_queue = 17;
inline constexpr std::int32_t origin_bytes_in_total = 18;
inline constexpr std::int32_t origin_bytes_out_total = 19;
inline constexpr std::int32_t store_hits_total = 20;
inline constexpr std::int32_t store_misses_total = 21;
inline constexpr std::int32_t collapsed_total = 22;
inline constexpr std::int32_t refused_total = 23;
inline constexpr std::int32_t policy_faults_total = 24;
inline constexpr std::int32_t commands_dropped_total = 25;
inline constexpr std::int32_t batches_total = 26;
inline constexpr std::int32_t events_total = 27;
inline constexpr std::int32_t arena_bytes = 28;
inline constexpr std::int32_t arena_full_total = 29;
inline constexpr std::int32_t log_records_total = 30;
inline constexpr std::int32_t log_dropped_total = 31;
inline constexpr std::int32_t timeouts_total = 32;
inline constexpr std::int32_t heartbeat = 33;
inline constexpr std::int32_t exchanges_live = 34;
inline constexpr std::int32_t send_paused_total = 35;
inline constexpr std::int32_t exchanges_limit_total = 36;
inline constexpr std::int32_t followers_refused_total = 37;
inline constexpr std::int32_t idle_closed_total = 38;
inline constexpr std::int32_t origin_queue_full_total = 39;
inline constexpr std::int32_t tls_handshakes_total = 40;
inline constexpr std::int32_t tls_resumed_total = 41;
inline constexpr std::int32_t tls_handshake_failures_total = 42;
inline constexpr std::int32_t tls_failed_version_total = 43;
inline constexpr std::int32_t tls_failed_cipher_total = 44;
inline constexpr std::int32_t tls_failed_alpn_total = 45;
inline constexpr std::int32_t tls_failed_alert_total = 46;
inline constexpr std::int32_t tls_failed_closed_total = 47;
inline constexpr std::int32_t tls_failed_timeout_total = 48;
inline constexpr std::int32_t tls_failed_plain_http_total = 49;
inline constexpr std::int32_t tls_failed_other_total = 50;
inline constexpr std::int32_t tls_handshakes_open = 51;
inline constexpr std::int32_t origin_tls_handshakes_total = 52;
inline constexpr std::int32_t origin_tls_resumed_total = 53;
inline constexpr std::int32_t origin_tls_failures_total = 54;
}

inline constexpr std::int32_t counter_count = 55;

inline constexpr std::int32_t edit_header_bytes = 8;

namespace edit_op {
inline constexpr std::int32_t remove = 1;
inline constexpr std::int32_t set = 2;
inline constexpr std::int32_t append = 3;
}

namespace event_flag {
inline constexpr std::int32_t tls = 1;
inline constexpr std::int32_t key_valid = 2;
inline constexpr std::int32_t no_client = 4;
inline constexpr std::int32_t leads = 8;
inline constexpr std::int32_t has_body = 16;
inline constexpr std::int32_t may_retry = 32;
}

namespace event_kind {
inline constexpr std::int32_t request = 1;
inline constexpr std::int32_t body = 2;
inline constexpr std::int32_t origin_head = 3;
inline constexpr std::int32_t body_chunk = 4;
inline constexpr std::int32_t ended = 5;
inline constexpr std::int32_t origin_failed = 6;
inline constexpr std::int32_t follow = 7;
}

namespace event_word {
inline constexpr std::int32_t kind = 0;
inline constexpr std::int32_t slot = 1;
inline constexpr std::int32_t generation = 2;
inline constexpr std::int32_t flags = 3;
inline constexpr std::int32_t zone = 4;
inline constexpr std::int32_t snapshot = 5;
inline constexpr std::int32_t head = 6;
inline constexpr std::int32_t origin_head = 7;
inline constexpr std::int32_t listener = 8;
inline constexpr std::int32_t client_port = 9;
inline constexpr std::int32_t client_address = 10;
inline constexpr std::int32_t store_state = 11;
inline constexpr std::int32_t object = 12;
inline constexpr std::int32_t object_generation = 13;
inline constexpr std::int32_t stored_at = 14;
inline constexpr std::int32_t fresh_until = 15;
inline constexpr std::int32_t stale_while_revalidate_until = 16;
inline constexpr std::int32_t stale_if_error_until = 17;
inline constexpr std::int32_t object_flags = 18;
inline constexpr std::int32_t age_at_store = 19;
inline constexpr std::int32_t object_status = 20;
inline constexpr std::int32_t object_body_low = 21;
inline constexpr std::int32_t object_body_high = 22;
inline constexpr std::int32_t cause = 23;
inline constexpr std::int32_t stage = 24;
inline constexpr std::int32_t server = 25;
inline constexpr std::int32_t attempts = 26;
inline constexpr std::int32_t body_offset = 27;
inline constexpr std::int32_t body_length = 28;
inline constexpr std::int32_t fail_detail = 29;
inline constexpr std::int32_t piece_kind = 28;
inline constexpr std::int32_t piece_marker = 27;
inline constexpr std::int32_t origin_delay_ms = 29;
inline constexpr std::int32_t revalidated = 30;
inline constexpr std::int32_t revalidated_generation = 31;
inline constexpr std::int32_t piece_first_low = 32;
inline constexpr std::int32_t piece_first_high = 33;
inline constexpr std::int32_t piece_end_low = 34;
inline constexpr std::int32_t piece_end_high = 35;
}

inline constexpr std::int32_t event_words = 36;

namespace fail_cause {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t dns_timeout = 1;
inline constexpr std::int32_t dns_error = 2;
inline constexpr std::int32_t destination_not_found = 3;
inline constexpr std::int32_t destination_unavailable = 4;
inline constexpr std::int32_t connection_refused = 5;
inline constexpr std::int32_t connection_terminated = 6;
inline constexpr std::int32_t connection_timeout = 7;
inline constexpr std::int32_t connection_read_timeout = 8;
inline constexpr std::int32_t connection_write_timeout = 9;
inline constexpr std::int32_t connection_limit_reached = 10;
inline constexpr std::int32_t response_incomplete = 11;
inline constexpr std::int32_t response_header_size = 12;
inline constexpr std::int32_t protocol_error = 13;
inline constexpr std::int32_t response_timeout = 14;
inline constexpr std::int32_t internal_error = 15;
inline constexpr std::int32_t upgrade_failed = 16;
inline constexpr std::int32_t response_transfer_coding = 17;
inline constexpr std::int32_t ip_unroutable = 18;
inline constexpr std::int32_t response_body_size = 19;
inline constexpr std::int32_t loop_detected = 20;
inline constexpr std::int32_t tls_protocol_error = 21;
inline constexpr std::int32_t tls_certificate_error = 22;
inline constexpr std::int32_t tls_alert_received = 23;
}

inline constexpr const char* fail_causes[] = {
    "none",
    "dns_timeout",
    "dns_error",
    "destination_not_found",
    "destination_unavailable",
    "connection_refused",
    "connection_terminated",
    "connection_timeout",
    "connection_read_timeout",
    "connection_write_timeout",
    "connection_limit_reached",
    "http_response_incomplete",
    "http_response_header_section_size",
    "http_protocol_error",
    "http_response_timeout",
    "proxy_internal_error",
    "http_upgrade_failed",
    "http_response_transfer_coding",
    "destination_ip_unroutable",
    "http_response_body_size",
    "proxy_loop_detected",
    "tls_protocol_error",
    "tls_certificate_error",
    "tls_alert_received",
};
inline constexpr std::int32_t fail_causes_count = 24;

namespace fail_detail {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t alert = 128;
inline constexpr std::int32_t max = 255;
}

inline constexpr const char* fail_details[] = {
    "",
    "",
    "unable to get issuer certificate",
    "unable to get certificate revocation list",
    "",
    "",
    "",
    "certificate signature failure",
    "",
    "certificate is not yet valid",
    "certificate has expired",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "self-signed certificate",
    "self-signed certificate in certificate chain",
    "unable to get local issuer certificate",
    "unable to verify the first certificate",
    "certificate chain too long",
    "certificate revoked",
    "issuer certificate is not a CA",
    "path length constraint exceeded",
    "unsuitable certificate purpose",
    "",
    "certificate rejected",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "permitted subtree violation",
    "excluded subtree violation",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "hostname mismatch",
    "",
    "IP address mismatch",
    "",
    "certificate key too weak",
    "issuer certificate key too weak",
    "certificate signature algorithm too weak",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "issuer certificate is not a CA",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "close_notify",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "unexpected_message",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "bad_record_mac",
    "",
    "record_overflow",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "handshake_failure",
    "",
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "illegal_parameter",
    "unknown_ca",
    "access_denied",
    "decode_error",
    "decrypt_error",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "protocol_version",
    "insufficient_security",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "internal_error",
    "",
    "",
    "",
    "",
    "",
    "inappropriate_fallback",
    "",
    "",
    "",
    "user_canceled",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "missing_extension",
    "unsupported_extension",
    "",
    "unrecognized_name",
    "bad_certificate_status_response",
    "",
    "unknown_psk_identity",
    "certificate_required",
    "",
    "",
    "",
    "no_application_protocol",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
};
inline constexpr std::int32_t fail_details_count = 256;

namespace fetch_stage {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t queued = 1;
inline constexpr std::int32_t connecting = 2;
inline constexpr std::int32_t connected = 3;
inline constexpr std::int32_t sending = 4;
inline constexpr std::int32_t sent = 5;
inline constexpr std::int32_t head = 6;
inline constexpr std::int32_t body = 7;
}

namespace field_word {
inline constexpr std::int32_t id_and_name_length = 0;
inline constexpr std::int32_t name_offset = 1;
inline constexpr std::int32_t value_offset = 2;
inline constexpr std::int32_t value_length = 3;
}

inline constexpr std::int32_t field_words = 4;

namespace follow_cause {
inline constexpr std::int32_t head = 0;
inline constexpr std::int32_t released = 1;
inline constexpr std::int32_t failed = 2;
inline constexpr std::int32_t slice = 3;
inline constexpr std::int32_t purged = 4;
inline constexpr std::int32_t elsewhere = 5;
}

namespace head_flag {
inline constexpr std::int32_t has_content_length = 1;
inline constexpr std::int32_t chunked = 2;
inline constexpr std::int32_t keep_alive = 4;
inline constexpr std::int32_t expect_continue = 8;
inline constexpr std::int32_t absolute_form = 16;
inline constexpr std::int32_t has_query = 32;
inline constexpr std::int32_t has_host = 64;
inline constexpr std::int32_t upgrade = 128;
inline constexpr std::int32_t accepts_trailers = 256;
inline constexpr std::int32_t extends_key = 512;
inline constexpr std::int32_t close_delimited = 1024;
inline constexpr std::int32_t other_coding = 2048;
}

namespace head_word {
inline constexpr std::int32_t raw_offset = 0;
inline constexpr std::int32_t raw_length = 1;
inline constexpr std::int32_t flags = 2;
inline constexpr std::int32_t version = 3;
inline constexpr std::int32_t code = 4;
inline constexpr std::int32_t method_offset = 5;
inline constexpr std::int32_t method_length = 6;
inline constexpr std::int32_t target_offset = 7;
inline constexpr std::int32_t target_length = 8;
inline constexpr std::int32_t path_offset = 9;
inline constexpr std::int32_t path_length = 10;
inline constexpr std::int32_t query_offset = 11;
inline constexpr std::int32_t query_length = 12;
inline constexpr std::int32_t authority_offset = 13;
inline constexpr std::int32_t authority_length = 14;
inline constexpr std::int32_t host_length = 15;
inline constexpr std::int32_t port = 16;
inline constexpr std::int32_t content_length_low = 17;
inline constexpr std::int32_t content_length_high = 18;
inline constexpr std::int32_t known_low = 19;
inline constexpr std::int32_t known_high = 20;
inline constexpr std::int32_t field_count = 21;
inline constexpr std::int32_t table_bytes = 22;
inline constexpr std::int32_t reserved = 23;
}

inline constexpr std::int32_t head_words = 24;

inline constexpr const char* key_extending_names[] = {
    "origin",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-forwarded-host",
    "x-host",
    "x-forwarded-scheme",
    "x-original-url",
    "x-rewrite-url",
    "forwarded",
};
inline constexpr std::int32_t key_extending_names_count = 10;

inline constexpr std::int32_t known_mask_ids = 62;

inline constexpr const char* known_names[] = {
    "",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "expect",
    "max-forwards",
    "via",
    "date",
    "age",
    "cache-control",
    "pragma",
    "expires",
    "etag",
    "last-modified",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "range",
    "content-range",
    "accept-ranges",
    "vary",
    "authorization",
    "cookie",
    "set-cookie",
    "location",
    "content-location",
    "content-type",
    "content-encoding",
    "origin",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-forwarded-host",
    "x-host",
    "x-forwarded-scheme",
    "x-original-url",
    "x-rewrite-url",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "cache-status",
    "cdn-cache-control",
    "parapet-cache-control",
    "surrogate-control",
    "cache-tag",
    "proxy-authenticate",
    "proxy-authorization",
    "parapet-ray",
    "x-forwarded-port",
    "x-real-ip",
    "cloudflare-cdn-cache-control",
    "warning",
    "proxy-status",
    "http2-settings",
    "server",
    "accept",
    "accept-encoding",
    "accept-language",
    "user-agent",
    "referer",
    "allow",
    "content-language",
    "content-disposition",
    "content-security-policy",
    "strict-transport-security",
    "x-requested-with",
    "retry-after",
    "alt-svc",
    "link",
    "access-control-allow-origin",
    "x-powered-by",
    "x-frame-options",
    "x-content-type-options",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "upgrade-insecure-requests",
    "priority",
    "dnt",
    "www-authenticate",
    "traceparent",
};
inline constexpr std::int32_t known_names_count = 93;

namespace method_id {
inline constexpr std::int32_t other = 0;
inline constexpr std::int32_t get = 1;
inline constexpr std::int32_t head = 2;
inline constexpr std::int32_t post = 3;
inline constexpr std::int32_t put = 4;
inline constexpr std::int32_t delete_ = 5;
inline constexpr std::int32_t options = 6;
inline constexpr std::int32_t patch = 7;
inline constexpr std::int32_t trace = 8;
inline constexpr std::int32_t connect = 9;
inline constexpr std::int32_t purge = 10;
}

inline constexpr const char* methods[] = {
    "",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "CONNECT",
    "PURGE",
};
inline constexpr std::int32_t methods_count = 11;

namespace object_flag {
inline constexpr std::int32_t must_revalidate = 1;
inline constexpr std::int32_t no_cache = 2;
inline constexpr std::int32_t has_etag = 4;
inline constexpr std::int32_t has_last_modified = 8;
inline constexpr std::int32_t vary_marker = 16;
inline constexpr std::int32_t pass_marker = 32;
inline constexpr std::int32_t weak_etag = 64;
inline constexpr std::int32_t has_vary = 128;
inline constexpr std::int32_t slice_marker = 256;
inline constexpr std::int32_t slice = 512;
inline constexpr std::int32_t part = 1024;
}

namespace outcome {
inline constexpr std::int32_t ok = 0;
inline constexpr std::int32_t client_aborted = 1;
inline constexpr std::int32_t origin_aborted = 2;
inline constexpr std::int32_t timeout = 3;
inline constexpr std::int32_t refused = 4;
inline constexpr std::int32_t interrupted = 5;
inline constexpr std::int32_t internal_error = 6;
inline constexpr std::int32_t drained = 7;
inline constexpr std::int32_t lost = 8;
}

inline constexpr const char* outcomes[] = {
    "ok",
    "client_aborted",
    "origin_aborted",
    "timeout",
    "refused",
    "interrupted",
    "internal_error",
    "drained",
    "lost",
};
inline constexpr std::int32_t outcomes_count = 9;

namespace piece_kind {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t slice = 1;
inline constexpr std::int32_t part = 2;
}

inline constexpr const char* reasons[] = {
    "none",
    "bad_request_line",
    "bad_method",
    "bad_target",
    "bad_version",
    "bad_field_name",
    "bad_field_value",
    "bare_line_feed",
    "bare_carriage_return",
    "obs_fold",
    "space_before_colon",
    "bad_host",
    "missing_host",
    "repeated_host",
    "bad_content_length",
    "repeated_content_length",
    "length_and_coding",
    "bad_transfer_encoding",
    "unknown_transfer_coding",
    "coding_in_1_0",
    "bad_chunk",
    "bad_trailer",
    "head_too_large",
    "target_too_long",
    "too_many_fields",
    "body_too_large",
    "head_timeout",
    "body_timeout",
    "idle_timeout",
    "write_timeout",
    "version_not_supported",
    "method_not_allowed",
    "expectation_failed",
    "no_zone",
    "policy_fault",
    "no_answer",
    "connections_per_address",
    "connections_max",
    "origin_failed",
    "only_if_cached",
    "loop_detected",
    "range_not_satisfiable",
    "precondition_failed",
    "max_forwards",
    "client_reset",
    "origin_truncated",
    "shutdown",
    "exchanges_per_connection",
    "memory",
    "leading_garbage",
    "rule",
    "bad_status_line",
    "log_ring_full",
    "log_job_behind",
    "log_damaged",
    "plain_http_on_tls_port",
};
inline constexpr std::int32_t reasons_count = 56;

namespace store_state {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t miss = 1;
inline constexpr std::int32_t object = 2;
inline constexpr std::int32_t filling = 3;
inline constexpr std::int32_t varies = 4;
inline constexpr std::int32_t pass = 5;
}

inline constexpr const char* tls_ciphers[] = {
    "NONE",
    "AEAD-AES128-GCM-SHA256",
    "AEAD-AES256-GCM-SHA384",
    "AEAD-CHACHA20-POLY1305-SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
};
inline constexpr std::int32_t tls_ciphers_count = 10;

inline constexpr const char* tls_protocols[] = {
    "none",
    "TLSv1.2",
    "TLSv1.3",
};
inline constexpr std::int32_t tls_protocols_count = 3;

namespace reason {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t bad_request_line = 1;
inline constexpr std::int32_t bad_method = 2;
inline constexpr std::int32_t bad_target = 3;
inline constexpr std::int32_t bad_version = 4;
inline constexpr std::int32_t bad_field_name = 5;
inline constexpr std::int32_t bad_field_value = 6;
inline constexpr std::int32_t bare_line_feed = 7;
inline constexpr std::int32_t bare_carriage_return = 8;
inline constexpr std::int32_t obs_fold = 9;
inline constexpr std::int32_t space_before_colon = 10;
inline constexpr std::int32_t bad_host = 11;
inline constexpr std::int32_t missing_host = 12;
inline constexpr std::int32_t repeated_host = 13;
inline constexpr std::int32_t bad_content_length = 14;
inline constexpr std::int32_t repeated_content_length = 15;
inline constexpr std::int32_t length_and_coding = 16;
inline constexpr std::int32_t bad_transfer_encoding = 17;
inline constexpr std::int32_t unknown_transfer_coding = 18;
inline constexpr std::int32_t coding_in_1_0 = 19;
inline constexpr std::int32_t bad_chunk = 20;
inline constexpr std::int32_t bad_trailer = 21;
inline constexpr std::int32_t head_too_large = 22;
inline constexpr std::int32_t target_too_long = 23;
inline constexpr std::int32_t too_many_fields = 24;
inline constexpr std::int32_t body_too_large = 25;
inline constexpr std::int32_t head_timeout = 26;
inline constexpr std::int32_t body_timeout = 27;
inline constexpr std::int32_t idle_timeout = 28;
inline constexpr std::int32_t write_timeout = 29;
inline constexpr std::int32_t version_not_supported = 30;
inline constexpr std::int32_t method_not_allowed = 31;
inline constexpr std::int32_t expectation_failed = 32;
inline constexpr std::int32_t no_zone = 33;
inline constexpr std::int32_t policy_fault = 34;
inline constexpr std::int32_t no_answer = 35;
inline constexpr std::int32_t connections_per_address = 36;
inline constexpr std::int32_t connections_max = 37;
inline constexpr std::int32_t origin_failed = 38;
inline constexpr std::int32_t only_if_cached = 39;
inline constexpr std::int32_t loop_detected = 40;
inline constexpr std::int32_t range_not_satisfiable = 41;
inline constexpr std::int32_t precondition_failed = 42;
inline constexpr std::int32_t max_forwards = 43;
inline constexpr std::int32_t client_reset = 44;
inline constexpr std::int32_t origin_truncated = 45;
inline constexpr std::int32_t shutdown = 46;
inline constexpr std::int32_t exchanges_per_connection = 47;
inline constexpr std::int32_t memory = 48;
inline constexpr std::int32_t leading_garbage = 49;
inline constexpr std::int32_t rule = 50;
inline constexpr std::int32_t bad_status_line = 51;
inline constexpr std::int32_t log_ring_full = 52;
inline constexpr std::int32_t log_job_behind = 53;
inline constexpr std::int32_t log_damaged = 54;
inline constexpr std::int32_t plain_http_on_tls_port = 55;
}

namespace known {
inline constexpr std::int32_t host = 1;
inline constexpr std::int32_t connection = 2;
inline constexpr std::int32_t content_length = 3;
inline constexpr std::int32_t transfer_encoding = 4;
inline constexpr std::int32_t te = 5;
inline constexpr std::int32_t trailer = 6;
inline constexpr std::int32_t upgrade = 7;
inline constexpr std::int32_t keep_alive = 8;
inline constexpr std::int32_t proxy_connection = 9;
inline constexpr std::int32_t expect = 10;
inline constexpr std::int32_t max_forwards = 11;
inline constexpr std::int32_t via = 12;
inline constexpr std::int32_t date = 13;
inline constexpr std::int32_t age = 14;
inline constexpr std::int32_t cache_control = 15;
inline constexpr std::int32_t pragma = 16;
inline constexpr std::int32_t expires = 17;
inline constexpr std::int32_t etag = 18;
inline constexpr std::int32_t last_modified = 19;
inline constexpr std::int32_t if_match = 20;
inline constexpr std::int32_t if_none_match = 21;
inline constexpr std::int32_t if_modified_since = 22;
inline constexpr std::int32_t if_unmodified_since = 23;
inline constexpr std::int32_t if_range = 24;
inline constexpr std::int32_t range = 25;
inline constexpr std::int32_t content_range = 26;
inline constexpr std::int32_t accept_ranges = 27;
inline constexpr std::int32_t vary = 28;
inline constexpr std::int32_t authorization = 29;
inline constexpr std::int32_t cookie = 30;
inline constexpr std::int32_t set_cookie = 31;
inline constexpr std::int32_t location = 32;
inline constexpr std::int32_t content_location = 33;
inline constexpr std::int32_t content_type = 34;
inline constexpr std::int32_t content_encoding = 35;
inline constexpr std::int32_t origin = 36;
inline constexpr std::int32_t x_http_method_override = 37;
inline constexpr std::int32_t x_http_method = 38;
inline constexpr std::int32_t x_method_override = 39;
inline constexpr std::int32_t x_forwarded_host = 40;
inline constexpr std::int32_t x_host = 41;
inline constexpr std::int32_t x_forwarded_scheme = 42;
inline constexpr std::int32_t x_original_url = 43;
inline constexpr std::int32_t x_rewrite_url = 44;
inline constexpr std::int32_t forwarded = 45;
inline constexpr std::int32_t x_forwarded_for = 46;
inline constexpr std::int32_t x_forwarded_proto = 47;
inline constexpr std::int32_t cache_status = 48;
inline constexpr std::int32_t cdn_cache_control = 49;
inline constexpr std::int32_t parapet_cache_control = 50;
inline constexpr std::int32_t surrogate_control = 51;
inline constexpr std::int32_t cache_tag = 52;
inline constexpr std::int32_t proxy_authenticate = 53;
inline constexpr std::int32_t proxy_authorization = 54;
inline constexpr std::int32_t parapet_ray = 55;
inline constexpr std::int32_t x_forwarded_port = 56;
inline constexpr std::int32_t x_real_ip = 57;
inline constexpr std::int32_t cloudflare_cdn_cache_control = 58;
inline constexpr std::int32_t warning = 59;
inline constexpr std::int32_t proxy_status = 60;
inline constexpr std::int32_t http2_settings = 61;
inline constexpr std::int32_t server = 62;
inline constexpr std::int32_t accept = 63;
inline constexpr std::int32_t accept_encoding = 64;
inline constexpr std::int32_t accept_language = 65;
inline constexpr std::int32_t user_agent = 66;
inline constexpr std::int32_t referer = 67;
inline constexpr std::int32_t allow = 68;
inline constexpr std::int32_t content_language = 69;
inline constexpr std::int32_t content_disposition = 70;
inline constexpr std::int32_t content_security_policy = 71;
inline constexpr std::int32_t strict_transport_security = 72;
inline constexpr std::int32_t x_requested_with = 73;
inline constexpr std::int32_t retry_after = 74;
inline constexpr std::int32_t alt_svc = 75;
inline constexpr std::int32_t link = 76;
inline constexpr std::int32_t access_control_allow_origin = 77;
inline constexpr std::int32_t x_powered_by = 78;
inline constexpr std::int32_t x_frame_options = 79;
inline constexpr std::int32_t x_content_type_options = 80;
inline constexpr std::int32_t sec_fetch_site = 81;
inline constexpr std::int32_t sec_fetch_mode = 82;
inline constexpr std::int32_t sec_fetch_dest = 83;
inline constexpr std::int32_t sec_fetch_user = 84;
inline constexpr std::int32_t sec_ch_ua = 85;
inline constexpr std::int32_t sec_ch_ua_mobile = 86;
inline constexpr std::int32_t sec_ch_ua_platform = 87;
inline constexpr std::int32_t upgrade_insecure_requests = 88;
inline constexpr std::int32_t priority = 89;
inline constexpr std::int32_t dnt = 90;
inline constexpr std::int32_t www_authenticate = 91;
inline constexpr std::int32_t traceparent = 92;
}

}  // namespace parapet
