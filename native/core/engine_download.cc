// Bodies of responses: the framing is taken off, and they flow to the client or into the store, no faster than those take them.
#include <algorithm>

#include "engine.h"

namespace parapet {

/// Takes the framing off. What it gives lies in the input or in `recode_`.
Engine::Decoded Engine::decode(Origin& origin, std::span<const std::uint8_t> in) noexcept {
    Decoded result;
    switch (origin.body) {
        case http1::Body::none:
            result.ended = true;
            return result;
        case http1::Body::length: {
            const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(origin.body_left, in.size()));
            origin.body_left -= take;
            result.data = in.first(take);
            result.used = static_cast<std::uint32_t>(take);
            result.ended = origin.body_left == 0;
            return result;
        }
        case http1::Body::close_delimited:
            result.data = in;
            result.used = static_cast<std::uint32_t>(in.size());
            return result;
        case http1::Body::chunked:
            break;
    }
    std::size_t gathered = 0;
    while (result.used < in.size()) {
        const http1::ChunkStep step = origin.chunks.feed(in.subspan(result.used));
        result.used += step.consumed;
        if (step.event == http1::ChunkEvent::data) {
            if (gathered + step.data.size() > recode_.size() / 2) {
                result.fail_cause = fail_cause::internal_error;
                return result;
            }
            std::memcpy(recode_.data() + gathered, step.data.data(), step.data.size());
            gathered += step.data.size();
            continue;
        }
        if (step.event == http1::ChunkEvent::error) result.fail_cause = http1::response_fail_cause(step.reason);
        if (step.event == http1::ChunkEvent::end) result.ended = true;
        break;
    }
    result.data = {recode_.data(), gathered};
    return result;
}

/// Hands decoded bytes on, behind `head` where that has not been sent. False: stop for now.
bool Engine::take_body(Origin& origin, const Decoded& decoded, std::span<const std::uint8_t> head) noexcept {
    Exchange& exchange = *origin.exchange;
    const std::uint32_t generation = exchange.generation;
    if (exchange.fill) {
        if (!decoded.data.empty() && !fill_store(exchange, decoded.data, &origin.decoded)) {
            // The store gave up: whoever reads it sees a truncated response.
            download_failed(origin, fail_cause::internal_error);
            return false;
        }
        if (decoded.fail_cause == 0 && decoded.ended && origin.decoded.empty()) store_ended(origin);
        if (exchange.generation != generation || exchange.phase == Phase::free) return false;
    }
    if (exchange.from_store) {
        if (exchange.client != nullptr && exchange.client->out.empty()) {
            if (!head.empty() && exchange.framing == Framing::length) {
                if (send_from_reader(exchange, head)) pump_reader(exchange);
            } else if (!head.empty()) {
                const bool final = exchange.framing == Framing::none;
                if (deliver(exchange, {}, final, {}, head) == Sent::all && !final) pump_reader(exchange);
            } else if (exchange.timer_use == Exchange::TimerUse::none) {
                pump_reader(exchange);
            }
        }
        if (exchange.generation != generation || exchange.origin != &origin) return false;
        if (decoded.fail_cause != 0) {
            download_failed(origin, decoded.fail_cause);
            return false;
        }
        return true;
    }
    if (exchange.client == nullptr) {
        if (decoded.fail_cause != 0) {
            download_failed(origin, decoded.fail_cause);
            return false;
        }
        if (decoded.ended && !exchange.fill) {
            origin.response_done = true;
            release_origin(origin);
            end_exchange(exchange);
            return false;
        }
        return exchange.origin == &origin;
    }
    // Straight to the client.
    std::span<const std::uint8_t> trailers;
    const bool ended = decoded.ended && decoded.fail_cause == 0;
    if (ended) {
        if (origin.body == http1::Body::chunked && head_of(exchange).flag(head_flag::accepts_trailers)) {
            const auto kept = origin.chunks.trailers();
            std::uint8_t* at = recode_.data() + recode_.size() / 2;
            if (!kept.empty()) std::memcpy(at, kept.data(), std::min(kept.size(), recode_.size() / 2));
            trailers = {at, kept.size()};
        }
        origin.response_done = true;
        exchange.origin_done_ns = now_ns_;
        release_origin(origin);
    }
    const Sent sent = deliver(exchange, decoded.data, ended, trailers, head);
    if (sent == Sent::gone || ended) return false;
    if (exchange.generation != generation) return false;
    if (decoded.fail_cause != 0) {
        download_failed(origin, decoded.fail_cause);
        return false;
    }
    if (sent == Sent::blocked) {
        origin.paused = true;
        count(counter::send_paused_total);
        set_origin_timer(origin, OriginTimer::none, 0);
        return false;
    }
    return true;
}

/// Copies into the store; what it has no room for now goes into `rest`. False: the fill is over.
bool Engine::fill_store(Exchange& exchange, std::span<const std::uint8_t> data, Buffer* rest) noexcept {
    while (!data.empty()) {
        std::span<std::uint8_t> room;
        switch (store_->writable(exchange.fill, room)) {
            case store::WriteState::ready: {
                const std::size_t take = std::min(room.size(), data.size());
                std::memcpy(room.data(), data.data(), take);
                store_->commit(exchange.fill, take);
                data = data.subspan(take);
                break;
            }
            case store::WriteState::wait:
                wait_on_entry(exchange, exchange.fill_object.index);
                if (exchange.origin != nullptr) {
                    exchange.origin->paused = true;
                    set_origin_timer(*exchange.origin, OriginTimer::none, 0);
                }
                return append(*rest, data, held_bytes_max);
            case store::WriteState::no_readers:
            case store::WriteState::refused:
                return false;
        }
    }
    return true;
}

/// The response is whole in the store: the connection is free, the client goes on reading.
void Engine::store_ended(Origin& origin) noexcept {
    Exchange& exchange = *origin.exchange;
    const store::FillRef fill = exchange.fill;
    exchange.fill = {};
    exchange.fill_has_head = false;
    (void)store_->complete(fill);
    origin.response_done = true;
    exchange.origin_done_ns = now_ns_;
    release_origin(origin);
    if (exchange.client == nullptr) end_exchange(exchange);
}

/// Whether too much is lacking of a response that nobody reads any more.
bool Engine::gives_up(const Origin& origin) noexcept {
    const Exchange& exchange = *origin.exchange;
    const bool is_short = origin.body == http1::Body::length && origin.body_left >> 10 < exchange.fill_rest_kib;
    return !is_short && !store_->is_read(exchange.fill);
}

/// Reads the body until the origin has no more for now, or the receiver is behind.
void Engine::pump_download(Origin& origin) noexcept {
    Exchange* exchange = origin.exchange;
    for (int budget = 8;; --budget) {
        if (origin.closed || origin.exchange == nullptr || origin.exchange != exchange || origin.response_done || origin.paused) return;
        if (exchange->client == nullptr && exchange->fill_rest_kib != 0 && exchange->fill && gives_up(origin)) {
            abandon_fetch(*exchange);
            end_exchange(*exchange);
            return;
        }
        if (exchange->fill && !origin.decoded.empty()) {
            Buffer waiting = origin.decoded;
            origin.decoded = {};
            const bool going = fill_store(*exchange, bytes_of(waiting), &origin.decoded);
            drop(waiting);
            if (!going) {
                download_failed(origin, fail_cause::internal_error);
                return;
            }
            if (!origin.decoded.empty()) return;
            const bool whole = origin.body == http1::Body::length && origin.body_left == 0;
            if (whole) {
                const std::uint32_t generation = exchange->generation;
                store_ended(origin);
                if (exchange->generation == generation && exchange->phase == Phase::respond && exchange->client != nullptr &&
                    exchange->client->out.empty()) {
                    pump_reader(*exchange);
                }
                return;
            }
        }
        if (!origin.in.empty()) {
            Decoded decoded = decode(origin, bytes_of(origin.in));
            if (decoded.data.data() != recode_.data() && !decoded.data.empty()) {
                const std::size_t take = std::min(decoded.data.size(), recode_.size() / 2);
                if (take < decoded.data.size()) {
                    download_failed(origin, fail_cause::internal_error);
                    return;
                }
                std::memcpy(recode_.data(), decoded.data.data(), take);
                decoded.data = {recode_.data(), take};
            }
            consume(origin.in, decoded.used);
            if (!take_body(origin, decoded, {})) return;
            continue;
        }
        if (!origin.readable) {
            if (!origin.response_done) await_bytes(origin);
            return;
        }
        if (budget <= 0) {
            origin_again(origin);
            return;
        }
        std::span<std::uint8_t> room;
        bool direct = false;
        if (exchange->fill && origin.body != http1::Body::chunked) {
            switch (store_->writable(exchange->fill, room)) {
                case store::WriteState::ready:
                    direct = true;
                    break;
                case store::WriteState::wait:
                    wait_on_entry(*exchange, exchange->fill_object.index);
                    origin.paused = true;
                    set_origin_timer(origin, OriginTimer::none, 0);
                    return;
                case store::WriteState::no_readers:
                case store::WriteState::refused:
                    download_failed(origin, fail_cause::internal_error);
                    return;
            }
        }
        if (!direct) {
            if (arena_.scratch_free() < body_read_bytes) {
                origin_again(origin);
                return;
            }
            // What the client does not take at once is held: so no more is read than may be held.
            const std::uint32_t held_max = std::max(exchange->tables->limits.send_buffer_bytes_max, 4096u);
            room = arena_.span(arena_.scratch_at(), std::min(body_read_bytes, held_max));
        }
        const int n = receive(origin, room);
        if (n == -1) {
            origin.readable = false;
            continue;
        }
        if (n <= 0) {
            origin.ended = true;
            origin.may_reuse = false;
            if (n == 0 && origin.body == http1::Body::close_delimited) {
                Decoded end;
                end.ended = true;
                (void)take_body(origin, end, {});
                return;
            }
            // Over TLS a body without a length ends with a goodbye; what ends without one may have been cut short (-3).
            const std::int32_t lost = origin.tls && origin.tls->fail_cause != fail_cause::none ? origin.tls->fail_cause : fail_cause::connection_terminated;
            download_failed(origin, n == -2 ? lost : fail_cause::response_incomplete);
            return;
        }
        count(counter::origin_bytes_in_total, static_cast<std::uint64_t>(n));
        exchange->origin_bytes += static_cast<std::uint64_t>(n);
        if (direct) {
            store_->commit(exchange->fill, static_cast<std::size_t>(n));
            Decoded decoded;
            if (origin.body == http1::Body::length) {
                origin.body_left -= static_cast<std::uint64_t>(n);
                decoded.ended = origin.body_left == 0;
            }
            if (!take_body(origin, decoded, {})) return;
            continue;
        }
        const Decoded decoded = decode(origin, room.first(static_cast<std::size_t>(n)));
        if (decoded.used < static_cast<std::uint32_t>(n)) origin.may_reuse = false;
        if (!take_body(origin, decoded, {})) return;
    }
}

/// The body broke off.
void Engine::download_failed(Origin& origin, std::int32_t cause) noexcept {
    Exchange& exchange = *origin.exchange;
    exchange.fail_cause = cause;
    exchange.origin_done_ns = now_ns_;
    count(counter::origin_failures_total);
    origin.exchange = nullptr;
    exchange.origin = nullptr;
    close_origin(origin);
    if (exchange.fill) abort_fill(exchange, store::AbortCause::failed_after_head);
    if (exchange.client == nullptr) {
        end_exchange(exchange);
        return;
    }
    if (exchange.from_store && exchange.client->out.empty() && exchange.client->timer_use != ClientTimer::write) {
        pump_reader(exchange);
        return;
    }
    if (!exchange.from_store) truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
}

}  // namespace parapet
