// Generated from src/logs/record/fixed.ts by scripts/generate.mjs; do not edit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parapet {

/// The part of a record that has a fixed place; copied into the frame as it is. Values that are not known stay 0.
struct RecordFixed {
    /// When the first byte of the request was read, nanoseconds since 1970.
    std::uint64_t start_ns = 0;
    /// When the exchange ended, nanoseconds since 1970.
    std::uint64_t end_ns = 0;
    /// The ray id.
    std::uint64_t ray = 0;
    /// Ray id of the exchange that caused this one, 0: none.
    std::uint64_t parent_ray = 0;
    /// Bytes received from the client for this exchange, head and body.
    std::uint64_t client_request_bytes = 0;
    /// Bytes sent to the client, head and body.
    std::uint64_t edge_response_bytes = 0;
    /// Bytes of the body sent to the client, framing not counted.
    std::uint64_t edge_response_body_bytes = 0;
    /// Bytes received from the origin, head and body.
    std::uint64_t origin_response_bytes = 0;
    /// Bytes of the response that came out of the store or was made for it.
    std::uint64_t cache_response_bytes = 0;
    /// Set by the writer in the record of a loss: how many records were dropped.
    std::uint64_t lost_records = 0;
    /// Set by the writer in the record of a loss: the sequence number of the last of them.
    std::uint64_t lost_last_sequence = 0;
    /// Peer of the connection, network order, IPv4 as ::ffff:a.b.c.d.
    std::uint8_t client_address[16] = {};
    /// Our side of the connection.
    std::uint8_t server_address[16] = {};
    /// Server that was asked last; all zero: none was.
    std::uint8_t origin_address[16] = {};
    /// From the first byte of the request to the first byte of the response, microseconds.
    std::uint32_t time_to_first_byte_us = 0;
    /// Time spent looking up the origin.
    std::uint32_t origin_dns_us = 0;
    /// TCP handshake with the origin; 0 on a connection that was used before.
    std::uint32_t origin_connect_us = 0;
    /// TLS handshake with the origin; 0 on a connection that was used before.
    std::uint32_t origin_tls_us = 0;
    /// From the first to the last byte of the request head sent to the origin.
    std::uint32_t origin_send_us = 0;
    /// From the last byte of the request head to the end of the response head.
    std::uint32_t origin_header_us = 0;
    /// From the begin of the fetch to the last byte from the origin.
    std::uint32_t origin_duration_us = 0;
    /// Round-trip time to the client as TCP sees it; 0: not measured.
    std::uint32_t client_rtt_us = 0;
    /// TLS handshake with the client, in the first record of its connection; 0: none.
    std::uint32_t client_tls_us = 0;
    /// Port of the peer.
    std::uint16_t client_port = 0;
    /// Port of our side.
    std::uint16_t server_port = 0;
    /// Port of the server that was asked.
    std::uint16_t origin_port = 0;
    /// Status sent to the client; 0: none was sent.
    std::uint16_t edge_status = 0;
    /// Status of the response before changes for this client (304, 206); 0: unknown.
    std::uint16_t cache_status = 0;
    /// Status received from the origin; 0: no origin was asked.
    std::uint16_t origin_status = 0;
    /// Index into `reasons` of the contract.
    std::uint16_t reason = 0;
    /// Set by the writer.
    std::uint16_t worker_index = 0;
    /// Index into `cacheResults` of the contract.
    std::uint8_t cache_result = 0;
    /// Index into `outcomes` of the contract.
    std::uint8_t outcome = 0;
    /// Index into `failCauses` of the contract: how the last fetch failed.
    std::uint8_t fail_cause = 0;
    /// Of the request: 10, 11, 20, 30; 0: unknown.
    std::uint8_t http_version = 0;
    /// Index into `schemes`.
    std::uint8_t scheme = 0;
    /// Index into `requestSources`.
    std::uint8_t source = 0;
    /// Fetches made for this exchange, retries included.
    std::uint8_t attempts = 0;
    /// `recordFlag`.
    std::uint8_t flags = 0;
    /// Index into `tlsProtocols` of the contract.
    std::uint8_t client_tls_protocol = 0;
    /// Index into `tlsCiphers` of the contract.
    std::uint8_t client_tls_cipher = 0;
    /// Index into `tlsProtocols`, of the connection to the origin.
    std::uint8_t origin_tls_protocol = 0;
    /// Index into `failDetails` of the contract: more on `failCause`.
    std::uint8_t fail_detail = 0;
};
static_assert(sizeof(RecordFixed) == 200 && alignof(RecordFixed) == 8);
static_assert(offsetof(RecordFixed, start_ns) == 0);
static_assert(offsetof(RecordFixed, end_ns) == 8);
static_assert(offsetof(RecordFixed, ray) == 16);
static_assert(offsetof(RecordFixed, parent_ray) == 24);
static_assert(offsetof(RecordFixed, client_request_bytes) == 32);
static_assert(offsetof(RecordFixed, edge_response_bytes) == 40);
static_assert(offsetof(RecordFixed, edge_response_body_bytes) == 48);
static_assert(offsetof(RecordFixed, origin_response_bytes) == 56);
static_assert(offsetof(RecordFixed, cache_response_bytes) == 64);
static_assert(offsetof(RecordFixed, lost_records) == 72);
static_assert(offsetof(RecordFixed, lost_last_sequence) == 80);
static_assert(offsetof(RecordFixed, client_address) == 88);
static_assert(offsetof(RecordFixed, server_address) == 104);
static_assert(offsetof(RecordFixed, origin_address) == 120);
static_assert(offsetof(RecordFixed, time_to_first_byte_us) == 136);
static_assert(offsetof(RecordFixed, origin_dns_us) == 140);
static_assert(offsetof(RecordFixed, origin_connect_us) == 144);
static_assert(offsetof(RecordFixed, origin_tls_us) == 148);
static_assert(offsetof(RecordFixed, origin_send_us) == 152);
static_assert(offsetof(RecordFixed, origin_header_us) == 156);
static_assert(offsetof(RecordFixed, origin_duration_us) == 160);
static_assert(offsetof(RecordFixed, client_rtt_us) == 164);
static_assert(offsetof(RecordFixed, client_tls_us) == 168);
static_assert(offsetof(RecordFixed, client_port) == 172);
static_assert(offsetof(RecordFixed, server_port) == 174);
static_assert(offsetof(RecordFixed, origin_port) == 176);
static_assert(offsetof(RecordFixed, edge_status) == 178);
static_assert(offsetof(RecordFixed, cache_status) == 180);
static_assert(offsetof(RecordFixed, origin_status) == 182);
static_assert(offsetof(RecordFixed, reason) == 184);
static_assert(offsetof(RecordFixed, worker_index) == 186);
static_assert(offsetof(RecordFixed, cache_result) == 188);
static_assert(offsetof(RecordFixed, outcome) == 189);
static_assert(offsetof(RecordFixed, fail_cause) == 190);
static_assert(offsetof(RecordFixed, http_version) == 191);
static_assert(offsetof(RecordFixed, scheme) == 192);
static_assert(offsetof(RecordFixed, source) == 193);
static_assert(offsetof(RecordFixed, attempts) == 194);
static_assert(offsetof(RecordFixed, flags) == 195);
static_assert(offsetof(RecordFixed, client_tls_protocol) == 196);
static_assert(offsetof(RecordFixed, client_tls_cipher) == 197);
static_assert(offsetof(RecordFixed, origin_tls_protocol) == 198);
static_assert(offsetof(RecordFixed, fail_detail) == 199);

/// The strings of a record, in the order of the frame's string table. Longer ones are cut.
struct RecordStrings {
    /// Method of the request.
    std::string_view method;
    /// Authority of the request in lower case.
    std::string_view host;
    /// Path of the target.
    std::string_view path;
    /// Query of the target, without "?".
    std::string_view query;
    /// Referer field.
    std::string_view referer;
    /// User-Agent field.
    std::string_view user_agent;
    /// X-Requested-With field.
    std::string_view requested_with;
    /// Content-Type sent to the client.
    std::string_view content_type;
    /// Expires field of the origin response.
    std::string_view expires;
    /// Last-Modified field of the origin response.
    std::string_view last_modified;
    /// Name of the zone.
    std::string_view zone;
    /// Host sent to the origin.
    std::string_view edge_host;
    /// What the rule that decided did.
    std::string_view security_action;
    /// Its id or ref.
    std::string_view security_rule_id;
    /// Its description.
    std::string_view security_rule_description;
    /// Actions of all rules that matched, a list.
    std::string_view security_actions;
    /// Their ids, a list.
    std::string_view security_rule_ids;
    /// What kind of rules they are, a list.
    std::string_view security_sources;
};
inline constexpr std::uint32_t record_string_count = 18;
/// Members in the order of the table.
inline constexpr std::string_view RecordStrings::*record_string_members[record_string_count] = {
    &RecordStrings::method,
    &RecordStrings::host,
    &RecordStrings::path,
    &RecordStrings::query,
    &RecordStrings::referer,
    &RecordStrings::user_agent,
    &RecordStrings::requested_with,
    &RecordStrings::content_type,
    &RecordStrings::expires,
    &RecordStrings::last_modified,
    &RecordStrings::zone,
    &RecordStrings::edge_host,
    &RecordStrings::security_action,
    &RecordStrings::security_rule_id,
    &RecordStrings::security_rule_description,
    &RecordStrings::security_actions,
    &RecordStrings::security_rule_ids,
    &RecordStrings::security_sources,
};

namespace record_string {
inline constexpr std::uint32_t method = 0;
inline constexpr std::uint32_t host = 1;
inline constexpr std::uint32_t path = 2;
inline constexpr std::uint32_t query = 3;
inline constexpr std::uint32_t referer = 4;
inline constexpr std::uint32_t user_agent = 5;
inline constexpr std::uint32_t requested_with = 6;
inline constexpr std::uint32_t content_type = 7;
inline constexpr std::uint32_t expires = 8;
inline constexpr std::uint32_t last_modified = 9;
inline constexpr std::uint32_t zone = 10;
inline constexpr std::uint32_t edge_host = 11;
inline constexpr std::uint32_t security_action = 12;
inline constexpr std::uint32_t security_rule_id = 13;
inline constexpr std::uint32_t security_rule_description = 14;
inline constexpr std::uint32_t security_actions = 15;
inline constexpr std::uint32_t security_rule_ids = 16;
inline constexpr std::uint32_t security_sources = 17;
}

inline constexpr std::uint32_t record_target_bytes_max = 16384;
inline constexpr std::uint32_t record_string_bytes_max = 4096;
/// The first of the columns that the contract names as annotations.
inline constexpr std::uint32_t record_annotations_at = 12;

namespace record_flag {
inline constexpr std::uint8_t has_query = 1;
inline constexpr std::uint8_t truncated = 2;
inline constexpr std::uint8_t client_tls_resumed = 4;
inline constexpr std::uint8_t origin_tls_resumed = 8;
}

namespace record_scheme {
inline constexpr std::uint8_t unknown = 0;
inline constexpr std::uint8_t http = 1;
inline constexpr std::uint8_t https = 2;
}

namespace record_source {
inline constexpr std::uint8_t unknown = 0;
inline constexpr std::uint8_t eyeball = 1;
inline constexpr std::uint8_t background = 2;
}

}  // namespace parapet
