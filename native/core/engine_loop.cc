// Batches, timers, accepting: one turn is one epoll_wait, one call into the policy, and the verdicts carried out. The turn also
// waits for the descriptor of the thread's own loop (`join_loop`), so that under load that loop costs nothing.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "engine.h"
#include "net.h"

namespace parapet {

namespace {

/// What RFC 9209 calls the failure of a connect.
std::int32_t connect_cause(int error) noexcept {
    switch (error) {
        case ECONNREFUSED: return fail_cause::connection_refused;
        case ECONNRESET:
        case EPIPE: return fail_cause::connection_terminated;
        case ETIMEDOUT: return fail_cause::connection_timeout;
        case ENETUNREACH:
        case EHOSTUNREACH: return fail_cause::ip_unroutable;
        default: return fail_cause::destination_unavailable;
    }
}

}  // namespace

Engine::~Engine() { stop(); }

int Engine::open(const EngineOptions& options, CallPolicy call, void* context) noexcept {
    options_ = options;
    call_ = call;
    context_ = context;
    store_ = store::Store::current();
    if (store_ == nullptr) return EINVAL;
    if (!arena_.open(options.arena_bytes)) return errno != 0 ? errno : ENOMEM;
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return errno;
    stats_ = &Process::get().stats(options.worker_index);
    // Gauges begin anew with the worker, totals go on.
    for (const std::int32_t gauge : {counter::connections_open, counter::origin_connections_open, counter::origin_connections_idle,
                                     counter::origin_queue, counter::exchanges_live, counter::arena_bytes,
                                     counter::tls_handshakes_open}) {
        stats_->set(gauge, 0);
    }
    mailbox_ = &Process::get().mailbox(options.worker_index);
    mailbox_fd_ = mailbox_->attach();
    if (mailbox_fd_ < 0) return errno;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &mailbox_watch_;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, mailbox_fd_, &event) != 0) return errno;
    clients_.previous = clients_.next = &clients_;
    origins_.previous = origins_.next = &origins_;
    build_.resize(build_bytes);
    recode_.resize(build_bytes);
    record_.resize(16384);
    accept_timer_.owner = Deadline::Owner::accept;
    next_ray_ = options.ray_first;
    update_clock();
    RingOptions ring = options.ring;
    ring.slot_count = log_slots;
    ring.now_ns = now_ns_;
    ring_opened_ = ring_.open(ring);
    wheel_.start(now_ms_);
    return 0;
}

void Engine::update_clock() noexcept {
    timespec wall{};
    timespec steady{};
    ::clock_gettime(CLOCK_REALTIME, &wall);
    ::clock_gettime(CLOCK_MONOTONIC, &steady);
    now_ns_ = static_cast<std::uint64_t>(wall.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(wall.tv_nsec);
    now_ms_ = static_cast<std::uint64_t>(steady.tv_sec) * 1000u + static_cast<std::uint64_t>(steady.tv_nsec) / 1'000'000u;
    now_s_ = static_cast<std::uint32_t>(wall.tv_sec);
}

void Engine::configure(std::unique_ptr<Tables> tables) noexcept {
    // Pools follow the servers by id; what no snapshot names any more closes when it falls idle.
    for (auto& pool : pools_) {
        if (pool) pool->retired = true;
    }
    for (const Server& server : tables->servers) {
        if (server.id >= pools_.size()) pools_.resize(server.id + 1);
        auto& pool = pools_[server.id];
        if (!pool) {
            pool = std::make_unique<Pool>();
            pool->counts = &Process::get().server(server.id);
        }
        pool->server = server;
        pool->retired = false;
    }
    for (auto& pool : pools_) {
        if (pool && pool->retired) trim_idle(*pool);
    }
    tables_ = tables.get();
    all_tables_.emplace_back(std::move(tables), 0);
    std::erase_if(all_tables_, [this](const auto& entry) { return entry.second == 0 && entry.first.get() != tables_; });
}

void Engine::release_tables(Tables* tables) noexcept {
    for (auto& [owned, users] : all_tables_) {
        if (owned.get() == tables) --users;
    }
    if (tables == tables_) return;
    std::erase_if(all_tables_, [this](const auto& entry) { return entry.second == 0 && entry.first.get() != tables_; });
}

std::vector<std::int32_t> Engine::live_snapshots() const {
    std::vector<std::int32_t> ids;
    for (const auto& [tables, users] : all_tables_) {
        if (users > 0 || tables.get() == tables_) ids.push_back(tables->snapshot);
    }
    return ids;
}

void Engine::set_addresses(std::uint32_t server, std::vector<Address> addresses) noexcept {
    if (Pool* found = pool(server)) {
        for (Address& address : addresses) address.port = found->server.port;
        found->server.addresses = std::move(addresses);
        found->next_address = 0;
        serve_queue(*found);
    }
}

bool Engine::watch_fd(int fd, Watch& watch) noexcept {
    // Edge-triggered once for both directions: no further epoll_ctl in the life of a connection.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watch;
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Engine::set_listeners(std::span<const ListenerOption> wanted) noexcept {
    for (auto it = listeners_.begin(); it != listeners_.end();) {
        const Listener& listener = **it;
        bool keep = false;
        for (const ListenerOption& option : wanted) keep = keep || (option.fd == listener.fd && option.id == listener.id);
        if (keep) {
            ++it;
            continue;
        }
        // Who has connected already is served: closing the socket would reset them.
        while (accept_from(**it)) {
        }
        if (!(*it)->paused) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, (*it)->fd, nullptr);
        it = listeners_.erase(it);
    }
    for (const ListenerOption& option : wanted) {
        bool known = false;
        for (const auto& listener : listeners_) known = known || (listener->fd == option.fd && listener->id == option.id);
        if (known) continue;
        auto listener = std::make_unique<Listener>();
        listener->id = option.id;
        listener->fd = option.fd;
        listener->local = net::local_address(option.fd);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = static_cast<Watch*>(listener.get());
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, option.fd, &event) == 0) listeners_.push_back(std::move(listener));
    }
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
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &loop_watch_;
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
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
            if (origin.connecting) {
                if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
                const int error = net::pending_error(origin.fd);
                if (error != 0) {
                    attempt_failed(origin, connect_cause(error));
                    return;
                }
                if ((events & EPOLLOUT) == 0) return;
                origin_connected(origin);
                if (origin.closed) return;
            }
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

/// True: there may be more to accept.
bool Engine::accept_from(Listener& listener) noexcept {
    // Bounded, so that a flood of connections cannot keep the accepted ones waiting; the listener is level-triggered.
    for (int i = 0; i < 64; ++i) {
        Address peer;
        const int fd = net::accept_from(listener.fd, peer);
        if (fd < 0) {
            if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS) {
                count(counter::accept_paused_total);
                for (const auto& other : listeners_) {
                    if (other->paused) continue;
                    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, other->fd, nullptr);
                    other->paused = true;
                }
                arm(accept_timer_, 100);
            }
            return false;
        }
        count(counter::connections_accepted_total);
        const Limits& limits = tables_->limits;
        Process& process = Process::get();
        if (process.connections.load(std::memory_order_relaxed) >= limits.connections_max) {
            refuse_connection(fd, peer, listener, 503, reason::connections_max);
            continue;
        }
        if (!process.addresses.enter(peer, limits.connections_per_address_max)) {
            refuse_connection(fd, peer, listener, 429, reason::connections_per_address);
            continue;
        }
        process.connections.fetch_add(1, std::memory_order_relaxed);
        auto* client = new Client;
        client->fd = fd;
        client->peer = peer;
        client->local = listener.local;
        client->listener = listener.id;
        client->rtt_us = net::round_trip_us(fd);
        client->timer.owner = Deadline::Owner::client;
        client->timer.of = client;
        client->previous = clients_.previous;
        client->next = &clients_;
        clients_.previous->next = client;
        clients_.previous = client;
        ++open_clients_;
        count(counter::connections_open);
        set_client_timer(*client, ClientTimer::idle, tables_->timeouts.idle_ms);
        if (auto tls = tables_->tls_of(listener.id)) begin_tls(*client, std::move(tls));
        if (!client->closed && !watch_fd(fd, *client)) close_client(*client);
    }
    return true;
}

void Engine::refuse_connection(int fd, const Address& peer, const Listener& listener, std::int32_t status,
                               std::int32_t why) noexcept {
    count(counter::connections_refused_total);
    if (tables_->tls_of(listener.id)) {
        // A handshake is what the limit spares: the connection ends without a word.
        Client silent;
        silent.peer = peer;
        silent.local = listener.local;
        silent.request_started_ns = now_ns_;
        record_refused(silent, 0, why, 0, 0, HeadTable());
        ::close(fd);
        return;
    }
    const auto out = refusal_bytes(status, why, "retry-after: 1\r\n", false);
    make_room(fd, out.size());
    Client stand_in;
    stand_in.peer = peer;
    stand_in.local = listener.local;
    stand_in.listener = listener.id;
    stand_in.request_started_ns = now_ns_;
    (void)!::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    record_refused(stand_in, status, why, 0, out.size(), HeadTable());
    // What the client has sent already would turn the close into a reset that destroys the answer.
    (void)!::recv(fd, build_.data(), build_.size(), MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    ::close(fd);
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

void Engine::fire(TimerNode& node) noexcept {
    auto& deadline = static_cast<Deadline&>(node);
    switch (deadline.owner) {
        case Deadline::Owner::accept:
            for (const auto& listener : listeners_) {
                if (!listener->paused) continue;
                epoll_event event{};
                event.events = EPOLLIN;
                event.data.ptr = static_cast<Watch*>(listener.get());
                if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener->fd, &event) == 0) listener->paused = false;
            }
            return;
        case Deadline::Owner::client: {
            auto& client = *static_cast<Client*>(deadline.of);
            const ClientTimer use = client.timer_use;
            client.timer_use = ClientTimer::none;
            switch (use) {
                case ClientTimer::none:
                    return;
                case ClientTimer::idle:
                    count(counter::idle_closed_total);
                    goodbye(client);
                    close_client(client);
                    return;
                case ClientTimer::handshake:
                    count(counter::timeouts_total);
                    handshake_failed(client, counter::tls_failed_timeout_total);
                    return;
                case ClientTimer::linger:
                    close_client(client);
                    return;
                case ClientTimer::head: {
                    count(counter::timeouts_total);
                    http1::ParseResult slow;
                    slow.status = 408;
                    slow.reason = reason::head_timeout;
                    refuse_head(client, slow, 0, 0);
                    return;
                }
                case ClientTimer::body:
                    count(counter::timeouts_total);
                    if (client.exchange != nullptr) fail_upload(*client.exchange, 408, reason::body_timeout, outcome::timeout);
                    return;
                case ClientTimer::write:
                    count(counter::timeouts_total);
                    if (client.exchange != nullptr) {
                        truncate_response(*client.exchange, outcome::timeout, reason::write_timeout);
                    } else {
                        close_client(client);
                    }
                    return;
            }
            return;
        }
        case Deadline::Owner::origin: {
            auto& origin = *static_cast<Origin*>(deadline.of);
            const OriginTimer use = origin.timer_use;
            origin.timer_use = OriginTimer::none;
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
            return;
        }
        case Deadline::Owner::exchange: {
            auto& exchange = *static_cast<Exchange*>(deadline.of);
            const Exchange::TimerUse use = exchange.timer_use;
            exchange.timer_use = Exchange::TimerUse::none;
            switch (use) {
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
            return;
        }
    }
}

void Engine::wake() noexcept {
    if (!stopped_) mailbox_->post({Message::Kind::store_progress, 0, 0});
}

void Engine::drain() noexcept {
    draining_ = true;
    set_listeners({});
    // Fetches without a client fill a store that ends with the process; who follows one fetches anew.
    for (auto& owned : exchanges_) {
        Exchange& exchange = *owned;
        if (exchange.phase == Phase::free || exchange.client != nullptr) continue;
        abandon_fetch(exchange);
        end_exchange(exchange);
    }
    for (Client* client = clients_.next; client != &clients_;) {
        Client* next = client->next;
        if (client->exchange == nullptr && client->in.empty() && !client->lingering) {
            if (client->exchanges > 0) {
                goodbye(*client);
                close_client(*client);
            } else {
                // Accepted just now: its first request may be on its way.
                set_client_timer(*client, ClientTimer::idle, first_request_ms);
            }
        }
        client = next;
    }
    if (!in_turn_) free_dead();
}

void Engine::stop() noexcept {
    if (stopped_ || epoll_ < 0) return;
    stopped_ = true;
    for (auto& owned : exchanges_) {
        Exchange& exchange = *owned;
        if (exchange.phase == Phase::free) continue;
        if (exchange.client != nullptr && !exchange.recorded) {
            exchange.outcome = outcome::drained;
            exchange.reason = reason::shutdown;
            record_now(exchange);
        }
        if (exchange.client != nullptr) exchange.client->exchange = nullptr;
        exchange.client = nullptr;
        abandon_fetch(exchange);
        end_exchange(exchange);
    }
    while (clients_.next != nullptr && clients_.next != &clients_) close_client(*clients_.next);
    while (origins_.next != nullptr && origins_.next != &origins_) close_origin(*origins_.next);
    free_dead();
    for (const store::ObjectRef& ref : batch_pins_) store_->unpin(options_.worker_index, ref);
    batch_pins_.clear();
    (void)store_->worker_died(options_.worker_index);
    mailbox_->detach();
    ring_.close();
    listeners_.clear();
    ::close(epoll_);
    epoll_ = -1;
    // The view in JavaScript may outlive the engine: the mapping is its owner's from here on.
    arena_.leak();
}

}  // namespace parapet
