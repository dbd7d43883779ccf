// A response that is passed on: its head as the client gets it, its first bytes in one write with it, and the store where the policy
// wants it kept.
#include "engine.h"

namespace parapet {

/// The origin's response goes to the client, and into the store where the policy says so.
void Engine::apply_forward(Exchange& exchange, const std::int32_t* command, Beside* beside) noexcept {
    if (exchange.origin == nullptr || !exchange.origin->head_done || exchange.origin->head == 0) {
        count(counter::policy_faults_total);
        fail_exchange(exchange, 500, reason::policy_fault, outcome::internal_error);
        return;
    }
    Origin& origin = *exchange.origin;
    const HeadTable head(arena_.base(), origin.head);
    const std::int32_t flags = command[command_word::flags];
    if ((flags & command_flag::background) != 0 && (flags & command_flag::store) != 0 && exchange.client != nullptr) {
        hand_over(exchange, command);
        return;
    }
    exchange.status = command[command_word::status] != 0 ? command[command_word::status] : head.word(head_word::code);
    exchange.cached_status = head.word(head_word::code);
    const bool has_length = head.flag(head_flag::has_content_length) || origin.body == http1::Body::none;
    const std::uint64_t length = head.flag(head_flag::has_content_length) ? head.content_length() : 0;
    const bool head_only = exchange.client != nullptr && head_of(exchange).word(head_word::code) == method_id::head;
    exchange.from_store = false;
    if ((flags & command_flag::store) != 0) {
        Exchange& reader_of = beside != nullptr ? beside->client : exchange;
        const Kept kept = begin_store(exchange, reader_of, command, head, has_length ? length : store::unknown_length);
        if (beside != nullptr) beside->kept = kept;
        exchange.from_store = kept == Kept::yes;
        exchange.fill_rest_kib = static_cast<std::uint32_t>(command[command_word::fill_rest_kib]);
    } else if (exchange.fill) {
        abort_fill(exchange, store::AbortCause::released);
    }
    std::span<const std::uint8_t> head_bytes;
    if (exchange.client != nullptr) {
        if (head_only) exchange.method = method_id::head;
        ByteSink out(build_.data(), build_.size());
        write_status_line(out, exchange.status);
        if (!head.has(known::date) && !edits_.gives(known::date)) write_date(out, now_s_);
        FieldFilter filter;
        filter.drop_age = command[command_word::age] >= 0;
        filter.drop_server = exchange.tables->server_field != ServerField::pass;
        write_fields(out, head, edits_, filter);
        edits_.write_added(out, known::content_length);
        write_server(exchange, out, false);
        write_cache_fields(out, command);
        const bool announces = has_length && (origin.body != http1::Body::none || head.flag(head_flag::has_content_length) || !head_only);
        finish_head(exchange, out, announces, length);
        if (out.overflow()) {
            fail_exchange(exchange, 502, reason::memory, outcome::internal_error);
            return;
        }
        head_bytes = out.written();
        if (!exchange.body_complete) client_again(*exchange.client);
    } else if (!exchange.fill) {
        // Nobody is left who wants it.
        abandon_fetch(exchange);
        end_exchange(exchange);
        return;
    } else {
        exchange.phase = Phase::background;
    }
    const std::uint32_t generation = exchange.generation;
    read_early(origin);
    // The bytes that came with the head, in one write with it.
    std::span<const std::uint8_t> in;
    const bool buffered = origin.early_length == 0;
    if (!buffered) {
        in = arena_.span(origin.early_offset, origin.early_length);
    } else if (!origin.in.empty()) {
        in = bytes_of(origin.in);
    }
    Decoded decoded = decode(origin, in);
    if (buffered && !origin.in.empty()) {
        if (!decoded.data.empty() && decoded.data.data() >= in.data() && decoded.data.data() < in.data() + in.size()) {
            std::memcpy(recode_.data(), decoded.data.data(), decoded.data.size());
            decoded.data = {recode_.data(), decoded.data.size()};
        }
        consume(origin.in, decoded.used);
    } else {
        origin.early_length = 0;
        if (decoded.used < in.size() && decoded.fail_cause == 0) {
            // Bytes behind the response: this connection is not to be trusted again.
            origin.may_reuse = false;
        }
    }
    if (!take_body(origin, decoded, head_bytes)) return;
    if (exchange.generation != generation || origin.closed || origin.exchange != &exchange) return;
    pump_download(origin);
}

/// A small body often comes in a packet of its own right behind the head: by now it may be there, and one write does for both.
void Engine::read_early(Origin& origin) noexcept {
    if (origin.early_length != 0 || !origin.in.empty() || origin.body == http1::Body::none || origin.body_left > body_read_bytes) return;
    if (arena_.scratch_free() < body_read_bytes) return;
    const std::uint32_t at = arena_.scratch_at();
    const int n = receive(origin, arena_.span(at, body_read_bytes));
    if (n <= 0) {
        // An end or an error is found again by the read that must do without this one.
        origin.readable = n != -1;
        return;
    }
    (void)arena_.take_scratch(static_cast<std::uint32_t>(n));
    count(counter::origin_bytes_in_total, static_cast<std::uint64_t>(n));
    origin.exchange->origin_bytes += static_cast<std::uint64_t>(n);
    origin.early_offset = at;
    origin.early_length = static_cast<std::uint32_t>(n);
}

}  // namespace parapet
