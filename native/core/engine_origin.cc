// Requests to origins: sent on a connection that stands, or kept as far as it does not take them; the policy is told of those that
// failed.
#include "engine.h"
#include "net.h"

namespace parapet {

namespace {

/// RFC 9110 9.2.2: sending it twice means the same as sending it once.
bool is_idempotent(std::int32_t method) noexcept {
    return method == method_id::get || method == method_id::head || method == method_id::options || method == method_id::put ||
        method == method_id::delete_ || method == method_id::trace;
}

}  // namespace

/// Ties a connection to the exchange and sends the request on it.
void Engine::give(Exchange& exchange, Origin& origin) noexcept {
    origin.exchange = &exchange;
    origin.got_bytes = false;
    origin.head_done = false;
    origin.response_done = false;
    origin.may_reuse = false;
    origin.paused = false;
    origin.interim = 0;
    origin.sent = 0;
    origin.scan = {};
    origin.early_length = 0;
    origin.head = 0;
    exchange.origin = &origin;
    exchange.phase = Phase::fetch;
    exchange.origin_address = origin.address;
    exchange.origin_protocol = origin.tls ? origin.tls->protocol : 0;
    exchange.origin_resumed = origin.tls && origin.tls->resumed;
    if (exchange.origin_asked_ns == 0) exchange.origin_asked_ns = now_ns_;
    set_origin_timer(origin, OriginTimer::none, 0);
    send_request(exchange);
}

void Engine::send_request(Exchange& exchange) noexcept {
    Origin& origin = *exchange.origin;
    count(counter::origin_requests_total);
    const iovec piece = piece_of(std::span<const std::uint8_t>(bytes_of(exchange.request)));
    if (!origin_send(origin, {&piece, 1})) return;
    // Only a pooled connection can turn out to have been closed by the origin meanwhile; only then the head is sent again.
    if (!origin.reused) drop(exchange.request);
    if (exchange.body_complete) {
        if (origin.out.empty()) {
            exchange.origin_sent_ns = now_ns_;
            await_response(origin);
        }
        return;
    }
    if (exchange.client == nullptr) return;
    if (exchange.expects_continue) {
        exchange.timer_use = Exchange::TimerUse::expect;
        arm(exchange.timer, expect_ms);
    }
    pump_upload(exchange);
}

/// Sends, or keeps what the kernel does not take. False: the exchange has lost this connection.
bool Engine::origin_send(Origin& origin, std::span<const iovec> pieces) noexcept {
    if (origin.write_failed) return true;
    iovec sealed{};
    if (origin.tls) {
        if (!seal(*origin.tls, pieces)) {
            cannot_send(origin);
            return true;
        }
        sealed = piece_of(tls_io_.out);
        pieces = {&sealed, 1};
    }
    const std::ptrdiff_t taken = origin.out.empty() ? net::send_some(origin.fd, pieces) : 0;
    if (taken < 0) {
        cannot_send(origin);
        return true;
    }
    note_sent(origin, taken);
    if (static_cast<std::size_t>(taken) == total_of(pieces)) return true;
    if (!hold(origin.out, pieces, static_cast<std::size_t>(taken))) {
        origin_lost(origin, fail_cause::internal_error);
        return false;
    }
    set_origin_timer(origin, OriginTimer::write, origin.pool->server.write_ms);
    return true;
}

void Engine::note_sent(Origin& origin, std::ptrdiff_t bytes) noexcept {
    origin.sent += static_cast<std::uint64_t>(bytes);
    count(counter::origin_bytes_out_total, static_cast<std::uint64_t>(bytes));
}

/// The origin does not listen any more; it may have answered before (RFC 9112 9.5).
void Engine::cannot_send(Origin& origin) noexcept {
    origin.write_failed = true;
    origin.readable = true;
    if (origin.tls) origin.tls->readable = true;
    origin.half_closed = true;
    origin_again(origin);
}

void Engine::flush_origin(Origin& origin) noexcept {
    if (origin.handshaking) {
        if (!flush_out(origin.fd, origin.out)) origin_lost(origin, fail_cause::connection_terminated);
        return;
    }
    const std::ptrdiff_t n = net::send_some(origin.fd, bytes_of(origin.out));
    if (n < 0) {
        drop(origin.out);
        cannot_send(origin);
        return;
    }
    if (n == 0) return;
    note_sent(origin, n);
    consume(origin.out, static_cast<std::uint32_t>(n));
    if (!origin.out.empty()) {
        set_origin_timer(origin, OriginTimer::write, origin.pool->server.write_ms);
        return;
    }
    set_origin_timer(origin, OriginTimer::none, 0);
    Exchange* exchange = origin.exchange;
    if (exchange == nullptr || origin.head_done) return;
    if (exchange->body_complete) {
        exchange->origin_sent_ns = now_ns_;
        await_response(origin);
    } else if (exchange->client != nullptr) {
        pump_upload(*exchange);
    }
}

/// No response came: the policy is told, in the next batch.
void Engine::fetch_failed(Exchange& exchange, std::int32_t cause, std::int32_t stage, std::int32_t detail) noexcept {
    count(counter::origin_failures_total);
    exchange.fail_cause = cause;
    exchange.fail_detail = detail;
    if (exchange.origin_done_ns == 0) exchange.origin_done_ns = now_ns_;
    if (exchange.reserved) {
        exchange.reserved = false;
        Pool& from = *pool(exchange.server);
        from.counts->open.fetch_sub(1);
        serve_queue(from);
    }
    drop(exchange.request);
    const bool unsent = stage < fetch_stage::sending;
    exchange.phase = Phase::news;
    fail_news_.push_back({exchange.slot, exchange.generation, cause, stage,
                          !exchange.body_touched && (unsent || is_idempotent(exchange.method))});
}

/// The connection was lost, or timed out, before a whole response head came.
void Engine::origin_lost(Origin& origin, std::int32_t cause, std::int32_t detail) noexcept {
    if (origin.connecting) {
        attempt_failed(origin, cause);
        return;
    }
    Exchange* exchange = origin.exchange;
    if (exchange == nullptr) {
        close_origin(origin);
        return;
    }
    // RFC 9112 9.3.1: a pooled connection that the origin closed just now is no failure of the origin.
    const bool race = origin.reused && !origin.got_bytes && !exchange->retried && !exchange->body_touched &&
        cause == fail_cause::connection_terminated && (origin.sent == 0 || is_idempotent(exchange->method)) &&
        !exchange->request.empty();
    const std::int32_t stage = origin.sent == 0 ? fetch_stage::connected
        : exchange->body_complete && origin.out.empty() ? fetch_stage::sent
                                                        : fetch_stage::sending;
    origin.exchange = nullptr;
    exchange->origin = nullptr;
    exchange->timer_use = Exchange::TimerUse::none;
    close_origin(origin);
    if (race) {
        exchange->retried = true;
        ++exchange->attempts;
        count(counter::origin_retries_total);
        acquire(*exchange, true);
        return;
    }
    fetch_failed(*exchange, cause, stage, detail);
}

/// Gives up whatever goes on towards an origin for this exchange, and the fill that it leads.
void Engine::abandon_fetch(Exchange& exchange) noexcept {
    dequeue(exchange);
    if (exchange.connecting > 0) close_attempts(exchange, nullptr);
    if (exchange.reserved) {
        exchange.reserved = false;
        Pool& from = *pool(exchange.server);
        from.counts->open.fetch_sub(1);
        serve_queue(from);
    }
    if (exchange.origin != nullptr) close_origin(*exchange.origin);
    if (exchange.fill) {
        abort_fill(exchange, exchange.fill_has_head ? store::AbortCause::failed_after_head : store::AbortCause::failed_before_head);
    }
    drop(exchange.request);
    exchange.timer_use = Exchange::TimerUse::none;
}

}  // namespace parapet
