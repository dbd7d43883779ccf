// What is waited for, how long, and what becomes of it when the time is over.
#include <utility>

#include "engine.h"

namespace parapet {

void Engine::set_client_timer(Client& client, ClientTimer use, std::uint32_t ms) noexcept {
    client.timer_use = use;
    if (use == ClientTimer::none) {
        TimerWheel::stop(client.timer);
    } else {
        arm(client.timer, ms);
    }
}

void Engine::set_origin_timer(Origin& origin, OriginTimer use, std::uint32_t ms) noexcept {
    origin.timer_use = use;
    if (use == OriginTimer::none) {
        TimerWheel::stop(origin.timer);
    } else {
        arm(origin.timer, ms);
    }
}

/// What the exchange allows for a read, or else what the server has.
static std::uint32_t read_limit(const Origin& origin, std::uint32_t of_server) noexcept {
    const std::uint32_t own = origin.exchange == nullptr ? 0 : origin.exchange->read_timeout_ms;
    return own != 0 ? own : of_server;
}

void Engine::await_response(Origin& origin) noexcept {
    set_origin_timer(origin, OriginTimer::first_byte, read_limit(origin, origin.pool->server.first_byte_ms));
}

void Engine::await_bytes(Origin& origin) noexcept {
    set_origin_timer(origin, OriginTimer::between_bytes, read_limit(origin, origin.pool->server.between_bytes_ms));
}

void Engine::fire(TimerNode& node) noexcept {
    auto& deadline = static_cast<Deadline&>(node);
    switch (deadline.owner) {
        case Deadline::Owner::accept:
            resume_accepting();
            return;
        case Deadline::Owner::client:
            client_late(*static_cast<Client*>(deadline.of));
            return;
        case Deadline::Owner::origin:
            origin_late(*static_cast<Origin*>(deadline.of));
            return;
        case Deadline::Owner::exchange:
            exchange_late(*static_cast<Exchange*>(deadline.of));
            return;
    }
}

void Engine::client_late(Client& client) noexcept {
    const ClientTimer use = std::exchange(client.timer_use, ClientTimer::none);
    if (use == ClientTimer::none) return;
    if (use == ClientTimer::linger) {
        close_client(client);
        return;
    }
    if (use == ClientTimer::idle) {
        count(counter::idle_closed_total);
        goodbye(client);
        close_client(client);
        return;
    }
    count(counter::timeouts_total);
    switch (use) {
        case ClientTimer::handshake:
            handshake_failed(client, counter::tls_failed_timeout_total);
            return;
        case ClientTimer::head: {
            http1::ParseResult slow;
            slow.status = 408;
            slow.reason = reason::head_timeout;
            refuse_head(client, slow, 0, 0);
            return;
        }
        case ClientTimer::body:
            if (client.exchange != nullptr) fail_upload(*client.exchange, 408, reason::body_timeout, outcome::timeout);
            return;
        default:
            if (client.exchange != nullptr) {
                truncate_response(*client.exchange, outcome::timeout, reason::write_timeout);
            } else {
                close_client(client);
            }
    }
}

void Engine::origin_late(Origin& origin) noexcept {
    const OriginTimer use = std::exchange(origin.timer_use, OriginTimer::none);
    if (use == OriginTimer::none) return;
    if (use == OriginTimer::idle) {
        close_origin(origin);
        return;
    }
    count(counter::timeouts_total);
    const std::int32_t cause = use == OriginTimer::write ? fail_cause::connection_write_timeout
        : use == OriginTimer::first_byte                 ? fail_cause::response_timeout
        : use == OriginTimer::handshake                  ? fail_cause::connection_timeout
                                                         : fail_cause::connection_read_timeout;
    if (origin.head_done) {
        download_failed(origin, cause);
    } else {
        origin_lost(origin, cause);
    }
}

void Engine::exchange_late(Exchange& exchange) noexcept {
    switch (std::exchange(exchange.timer_use, Exchange::TimerUse::none)) {
        case Exchange::TimerUse::none:
            return;
        case Exchange::TimerUse::answer:
            count(counter::timeouts_total);
            fail_exchange(exchange, 500, reason::no_answer, outcome::internal_error);
            return;
        case Exchange::TimerUse::queue:
            count(counter::timeouts_total);
            count(counter::origin_queue_full_total);
            dequeue(exchange);
            fetch_failed(exchange, fail_cause::connection_limit_reached, fetch_stage::queued);
            return;
        case Exchange::TimerUse::connect:
            count(counter::timeouts_total);
            close_attempts(exchange, nullptr);
            fetch_failed(exchange, fail_cause::connection_timeout, fetch_stage::connecting);
            return;
        case Exchange::TimerUse::attempt:
            attempt(exchange);
            return;
        case Exchange::TimerUse::expect:
            if (exchange.expects_continue && !exchange.head_sent && exchange.client != nullptr) {
                exchange.expects_continue = false;
                static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
                send_interim(exchange, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
            }
            return;
    }
}

}  // namespace parapet
