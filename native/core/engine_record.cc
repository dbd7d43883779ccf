// One log record for every exchange: what is known of it, put together when it ends.
#include <algorithm>

#include "engine.h"

namespace parapet {

namespace {

std::uint32_t micros(std::uint64_t from_ns, std::uint64_t to_ns) noexcept {
    return from_ns == 0 || to_ns <= from_ns ? 0 : static_cast<std::uint32_t>((to_ns - from_ns) / 1000);
}

void request_fields(RecordStrings& strings, const HeadTable& head) noexcept {
    strings.method = head.method();
    strings.host = head.authority();
    strings.path = head.path();
    strings.query = head.query();
    const std::int32_t fields = head.field_count();
    for (std::int32_t i = 0; i < fields; ++i) {
        const HeadTable::Field field = head.field(i);
        if (field.id == known::referer) strings.referer = field.value;
        if (field.id == known::user_agent) strings.user_agent = field.value;
        if (field.id == known::x_requested_with) strings.requested_with = field.value;
    }
}

/// Columns that the policy filled: a malformed entry ends them.
void annotated_fields(RecordStrings& strings, std::span<const std::uint8_t> bytes) noexcept {
    while (bytes.size() >= annotation_header_bytes) {
        std::uint16_t entry[2];
        std::memcpy(entry, bytes.data(), sizeof entry);
        bytes = bytes.subspan(annotation_header_bytes);
        if (entry[0] >= annotations_count || entry[1] > bytes.size()) return;
        strings.*record_string_members[record_annotations_at + entry[0]] =
            std::string_view(reinterpret_cast<const char*>(bytes.data()), entry[1]);
        bytes = bytes.subspan(entry[1]);
    }
}

void add_flag(RecordFixed& fixed, std::uint8_t flag) noexcept { fixed.flags = static_cast<std::uint8_t>(fixed.flags | flag); }

void client_side(RecordFixed& fixed, const Client& client) noexcept {
    fixed.scheme = client.tls ? record_scheme::https : record_scheme::http;
    if (client.tls) {
        fixed.client_tls_protocol = client.tls->protocol;
        fixed.client_tls_cipher = client.tls->cipher;
        if (client.exchanges <= 1) fixed.client_tls_us = client.tls->took_us;
        if (client.tls->resumed) add_flag(fixed, record_flag::client_tls_resumed);
    }
    fixed.source = static_cast<std::uint8_t>(record_source::eyeball);
    std::memcpy(fixed.client_address, client.peer.bytes, 16);
    std::memcpy(fixed.server_address, client.local.bytes, 16);
    fixed.client_port = client.peer.port;
    fixed.server_port = client.local.port;
    fixed.client_rtt_us = client.rtt_us;
}

}  // namespace

/// Enters the exchange into the live table, so that a crash cannot lose it.
void Engine::begin_slot(Exchange& exchange) noexcept {
    const HeadTable head = head_of(exchange);
    SlotInput input;
    input.ray = exchange.ray;
    input.start_ns = exchange.started_ns;
    input.client_address = exchange.client->peer.bytes;
    input.client_port = exchange.client->peer.port;
    input.scheme = exchange.tls ? record_scheme::https : record_scheme::http;
    input.http_version = exchange.http10 ? 10 : 11;
    input.method = head.method();
    input.host = head.authority();
    if (exchange.zone >= 0) input.zone = exchange.tables->zone_names[static_cast<std::size_t>(exchange.zone)];
    input.path = head.target();
    ring_.slot_begin(exchange.slot, input);
    exchange.has_slot = true;
}

void Engine::prepare_record(Exchange& exchange) noexcept {
    if (exchange.recorded) return;
    const HeadTable head = head_of(exchange);
    RecordInput input;
    RecordFixed& fixed = input.fixed;
    fixed.start_ns = exchange.started_ns;
    fixed.end_ns = now_ns_;
    fixed.ray = exchange.ray;
    fixed.client_request_bytes = exchange.request_bytes;
    fixed.edge_response_bytes = exchange.sent_bytes;
    fixed.edge_response_body_bytes = exchange.sent_body_bytes;
    fixed.origin_response_bytes = exchange.origin_bytes;
    fixed.cache_response_bytes = exchange.sent_bytes;
    client_side(fixed, *exchange.client);
    std::memcpy(fixed.client_address, exchange.client_address, 16);
    fixed.time_to_first_byte_us = micros(exchange.started_ns, exchange.first_byte_ns);
    if (exchange.attempts > 0) {
        std::memcpy(fixed.origin_address, exchange.origin_address.bytes, 16);
        fixed.origin_port = exchange.origin_address.port;
        fixed.origin_connect_us = micros(exchange.origin_asked_ns, exchange.origin_connect_ns);
        fixed.origin_tls_us = micros(exchange.origin_connect_ns, exchange.origin_tls_ns);
        const std::uint64_t ready_ns = std::max({exchange.origin_asked_ns, exchange.origin_connect_ns, exchange.origin_tls_ns});
        fixed.origin_send_us = micros(ready_ns, exchange.origin_sent_ns);
        fixed.origin_tls_protocol = exchange.origin_protocol;
        if (exchange.origin_resumed) add_flag(fixed, record_flag::origin_tls_resumed);
        fixed.origin_header_us = micros(exchange.origin_sent_ns, exchange.origin_head_ns);
        fixed.origin_duration_us = micros(exchange.origin_asked_ns, exchange.origin_done_ns != 0 ? exchange.origin_done_ns : now_ns_);
    }
    fixed.edge_status = static_cast<std::uint16_t>(exchange.status);
    fixed.cache_status = static_cast<std::uint16_t>(exchange.cached_status);
    fixed.origin_status = static_cast<std::uint16_t>(exchange.origin_status);
    fixed.reason = static_cast<std::uint16_t>(exchange.reason);
    fixed.cache_result = static_cast<std::uint8_t>(exchange.cache_result);
    fixed.outcome = static_cast<std::uint8_t>(exchange.outcome);
    fixed.fail_cause = static_cast<std::uint8_t>(exchange.fail_cause);
    fixed.fail_detail = static_cast<std::uint8_t>(exchange.fail_detail);
    fixed.http_version = exchange.http10 ? 10 : 11;
    fixed.attempts = static_cast<std::uint8_t>(exchange.attempts > 255 ? 255 : exchange.attempts);
    request_fields(input.strings, head);
    if (head.flag(head_flag::has_query)) add_flag(fixed, record_flag::has_query);
    if (exchange.attempts > 0) {
        const Buffer& sent = exchange.sent_host;
        input.strings.edge_host = sent.empty() ? input.strings.host
                                               : std::string_view(reinterpret_cast<const char*>(arena_.base()) + sent.slab.offset, sent.end);
    }
    input.strings.content_type = exchange.content_type;
    input.strings.expires = exchange.expires;
    input.strings.last_modified = exchange.last_modified;
    if (exchange.zone >= 0) input.strings.zone = exchange.tables->zone_names[static_cast<std::size_t>(exchange.zone)];
    if (!exchange.annotations.empty()) {
        annotated_fields(input.strings, {arena_.base() + exchange.annotations.slab.offset, exchange.annotations.end});
    }
    if (exchange.has_slot) input.slot = exchange.slot;
    (void)ring_.prepare(input);
}

/// Null where the exchange belongs to no zone.
ZoneCounts* Engine::counts_of(const Exchange& exchange) noexcept {
    if (exchange.zone < 0) return nullptr;
    const auto zone = static_cast<std::size_t>(exchange.zone);
    ZoneCounts*& counts = exchange.tables->zone_counts[zone];
    if (counts == nullptr) counts = &Process::get().zone_tally.of(options_.worker_index, exchange.tables->zone_names[zone]);
    return counts;
}

void Engine::commit_record(Exchange& exchange) noexcept {
    if (exchange.recorded) return;
    ring_.commit();
    exchange.recorded = true;
    exchange.has_slot = false;
    const std::int32_t hundreds = exchange.status / 100;
    if (hundreds >= 2 && hundreds <= 5) count(counter::responses_2xx_total + hundreds - 2);
    if (ZoneCounts* counts = counts_of(exchange)) {
        counts->ended(static_cast<std::size_t>(exchange.cache_result), exchange.sent_body_bytes);
    }
}

void Engine::rollback_record(Exchange& exchange) noexcept {
    if (!exchange.recorded) ring_.rollback();
}

/// The record of an exchange that ends without a whole response.
void Engine::record_now(Exchange& exchange) noexcept {
    if (exchange.recorded || exchange.client == nullptr) return;
    prepare_record(exchange);
    commit_record(exchange);
}

/// The record of what never became an exchange.
void Engine::record_refused(const Client& client, std::int32_t status, std::int32_t why, std::uint64_t bytes_in,
                            std::uint64_t bytes_out, const HeadTable& head) noexcept {
    RecordInput input;
    RecordFixed& fixed = input.fixed;
    fixed.start_ns = client.request_started_ns;
    fixed.end_ns = now_ns_;
    fixed.ray = next_ray_++;
    fixed.client_request_bytes = bytes_in;
    fixed.edge_response_bytes = bytes_out;
    client_side(fixed, client);
    fixed.time_to_first_byte_us = micros(client.request_started_ns, now_ns_);
    fixed.edge_status = static_cast<std::uint16_t>(status);
    fixed.reason = static_cast<std::uint16_t>(why);
    fixed.cache_result = static_cast<std::uint8_t>(cache_result::none);
    fixed.outcome = static_cast<std::uint8_t>(status == 408 ? outcome::timeout : outcome::refused);
    fixed.http_version = 11;
    if (head) {
        // Of a refused head only these are sure to be readable.
        input.strings.method = head.method();
        input.strings.path = head.target();
    }
    (void)ring_.prepare(input);
    ring_.commit();
}

}  // namespace parapet
