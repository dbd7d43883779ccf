// The turn: one epoll_wait, what is ready read and parsed, one call into the policy, and the verdicts carried out. It also waits for
// the descriptor of the thread's own loop (`join_loop`), so that under load that loop costs nothing.
#include <sys/epoll.h>
#include <time.h>

#include <cstring>
#include <utility>

#include "engine.h"

namespace parapet {

void Engine::update_clock() noexcept {
    timespec wall{};
    timespec steady{};
    ::clock_gettime(CLOCK_REALTIME, &wall);
    ::clock_gettime(CLOCK_MONOTONIC, &steady);
    now_ns_ = static_cast<std::uint64_t>(wall.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(wall.tv_nsec);
    now_ms_ = static_cast<std::uint64_t>(steady.tv_sec) * 1000u + static_cast<std::uint64_t>(steady.tv_nsec) / 1'000'000u;
    now_s_ = static_cast<std::uint32_t>(wall.tv_sec);
}

bool Engine::watch_fd(int fd, Watch& watch) noexcept {
    // Edge-triggered once for both directions: no further epoll_ctl in the life of a connection.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watch;
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

/// Level-triggered, for what is to be read only.
bool Engine::watch_input(int fd, Watch& watch) noexcept {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &watch;
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Engine::begin_batch() noexcept {
    update_clock();
    arena_.rewind();
    event_count_ = 0;
    batch_slots_.clear();
    arena_.control(control_word::command_count) = 0;
    arena_.control(control_word::out_used) = 0;
    arena_.control(control_word::now_seconds) = static_cast<std::int32_t>(now_s_);
    arena_.control(control_word::now_milliseconds) = static_cast<std::int32_t>(now_ns_ / 1'000'000u % 1000u);
}

bool Engine::has_more() const noexcept {
    return !again_clients_.empty() || !again_origins_.empty() || !moved_entries_.empty() || !follow_news_.empty() || !fail_news_.empty();
}

void Engine::turn(int wait_ms) noexcept {
    if (in_turn_ || !is_running()) return;
    in_turn_ = true;
    epoll_event events[epoll_events_max];
    const int ready = ::epoll_wait(epoll_, events, epoll_events_max, has_more() ? 0 : wait_ms);
    if (ready > 0 || has_more()) {
        begin_batch();
        run_again();
        for (int i = 0; i < ready; ++i) {
            auto& watch = *static_cast<Watch*>(events[i].data.ptr);
            if (!watch.closed) dispatch(watch, events[i].events);
        }
        emit_follow();
        if (event_count_ > 0) run_policy();
        end_batch();
    }
    in_turn_ = false;
}

bool Engine::join_loop(int descriptor) noexcept {
    return watch_input(descriptor, loop_watch_);
}

bool Engine::take_loop_ready() noexcept { return std::exchange(loop_ready_, false); }

void Engine::dispatch(Watch& watch, std::uint32_t events) noexcept {
    switch (watch.kind) {
        case Watch::Kind::listener:
            (void)accept_from(static_cast<Listener&>(watch));
            return;
        case Watch::Kind::mailbox:
            take_messages();
            return;
        case Watch::Kind::loop:
            loop_ready_ = true;
            return;
        case Watch::Kind::client: {
            auto& client = static_cast<Client&>(watch);
            if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
                client_gone(client, reason::client_reset);
                return;
            }
            if ((events & EPOLLERR) != 0) {
                client_gone(client, reason::client_reset);
                return;
            }
            if ((events & EPOLLOUT) != 0 && client.exchange != nullptr && client.timer_use == ClientTimer::write) {
                flush_client(client);
                if (client.closed) return;
            }
            if ((events & EPOLLOUT) != 0 && client.exchange == nullptr && !client.out.empty()) (void)flush_out(client.fd, client.out);
            if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) {
                client.readable = true;
                if (client.tls) client.tls->readable = true;
                if ((events & EPOLLRDHUP) != 0) client.half_closed = true;
                client_input(client);
            }
            return;
        }
        case Watch::Kind::origin: {
            auto& origin = static_cast<Origin&>(watch);
            if (origin.connecting && !connect_answered(origin, events)) return;
            if ((events & EPOLLOUT) != 0 && !origin.out.empty()) {
                flush_origin(origin);
                if (origin.closed) return;
            }
            if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) {
                origin.readable = true;
                if (origin.tls) origin.tls->readable = true;
                if ((events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) origin.half_closed = true;
                origin_input(origin);
            }
            return;
        }
    }
}

void Engine::take_messages() noexcept {
    mailbox_->take(messages_);
    for (const Message& message : messages_) {
        switch (message.kind) {
            case Message::Kind::store_progress:
                if (message.a != 0) moved_entries_.push_back(message.a);
                break;
            case Message::Kind::server_wanted:
                // Another worker waits for a connection to this server: an idle one of ours makes room.
                if (Pool* found = pool(message.a); found != nullptr && !found->idle.empty()) close_origin(*found->idle.front());
                break;
            case Message::Kind::server_free:
                if (Pool* found = pool(message.a)) serve_queue(*found);
                break;
        }
    }
    run_again();
}

void Engine::run_again() noexcept {
    if (!moved_entries_.empty()) {
        std::vector<std::uint32_t> entries;
        entries.swap(moved_entries_);
        for (const std::uint32_t entry : entries) entry_moved(entry);
    }
    if (!again_clients_.empty()) {
        std::vector<Client*> clients;
        clients.swap(again_clients_);
        for (Client* client : clients) {
            client->queued_again = false;
            if (client->closed) continue;
            client_input(*client);
        }
    }
    if (!again_origins_.empty()) {
        std::vector<Origin*> origins;
        origins.swap(again_origins_);
        for (Origin* origin : origins) {
            origin->queued_again = false;
            if (origin->closed) continue;
            origin_input(*origin);
        }
    }
}

void Engine::run_policy() noexcept {
    count(counter::batches_total);
    count(counter::events_total, event_count_);
    std::uint32_t first = 0;
    while (first < event_count_ && !ending_) {
        const std::uint32_t events = event_count_ - first;
        if (first > 0) {
            std::memmove(arena_.event(0), arena_.event(first), static_cast<std::size_t>(events) * event_words * 4);
            arena_.control(control_word::command_count) = 0;
            arena_.control(control_word::out_used) = 0;
        }
        event_count_ = events;
        first = 0;
        arena_.control(control_word::event_count) = static_cast<std::int32_t>(events);
        arena_.control(control_word::event_cursor) = 0;
        const PolicyCall result = call_(context_);
        if (result == PolicyCall::ending) {
            ending_ = true;
            return;
        }
        apply_commands();
        if (result == PolicyCall::ok) {
            answer_unanswered(0, events);
            return;
        }
        // The policy threw at one event: that exchange gets a 500, the rest are asked about again.
        count(counter::policy_faults_total);
        std::uint32_t cursor = static_cast<std::uint32_t>(arena_.control(control_word::event_cursor));
        if (cursor >= events) cursor = events - 1;
        answer_unanswered(0, cursor + 1);
        first = cursor + 1;
    }
}

void Engine::answer_unanswered(std::uint32_t from, std::uint32_t to) noexcept {
    for (std::uint32_t i = from; i < to; ++i) {
        const std::int32_t* event = arena_.event(i);
        if (event[event_word::kind] == event_kind::ended) continue;
        Exchange* exchange = find(static_cast<std::uint32_t>(event[event_word::slot]),
                                  static_cast<std::uint32_t>(event[event_word::generation]));
        if (exchange == nullptr || exchange->phase != Phase::decide) continue;
        fail_exchange(*exchange, 500, reason::policy_fault, outcome::internal_error);
    }
}

void Engine::end_batch() noexcept {
    for (const std::uint32_t slot : batch_slots_) {
        Exchange& exchange = *exchanges_[slot];
        exchange.address_at = 0;
        if (exchange.phase == Phase::free) continue;
        if (!settle(exchange)) {
            fail_exchange(exchange, 503, reason::memory, outcome::refused);
            count(counter::arena_full_total);
            continue;
        }
        if (exchange.origin != nullptr && !settle_origin_head(*exchange.origin)) {
            fail_exchange(exchange, 503, reason::memory, outcome::refused);
            count(counter::arena_full_total);
        }
    }
    for (const store::ObjectRef& ref : batch_pins_) store_->unpin(options_.worker_index, ref);
    batch_pins_.clear();
    stats_->set(counter::arena_bytes, arena_.slab_bytes_used());
    free_dead();
}

void Engine::free_dead() noexcept {
    for (Client* client : dead_clients_) {
        if (client->queued_again) std::erase(again_clients_, client);
        delete client;
    }
    dead_clients_.clear();
    for (Origin* origin : dead_origins_) {
        if (origin->queued_again) std::erase(again_origins_, origin);
        delete origin;
    }
    dead_origins_.clear();
}

void Engine::tick() noexcept {
    if (stopped_ || in_turn_) return;
    in_turn_ = true;
    begin_batch();
    count(counter::heartbeat);
    wheel_.advance(now_ms_, [this](TimerNode& node) { fire(node); });
    if (now_ms_ - last_ring_tick_ms_ >= 1000) {
        last_ring_tick_ms_ = now_ms_;
        ring_.tick();
        const RingCounters counters = ring_.counters();
        stats_->set(counter::log_records_total, counters.records);
        stats_->set(counter::log_dropped_total, counters.dropped);
    }
    emit_follow();
    if (event_count_ > 0) run_policy();
    end_batch();
    in_turn_ = false;
}

void Engine::wake() noexcept {
    if (!stopped_) mailbox_->post({Message::Kind::store_progress, 0, 0});
}

}  // namespace parapet
