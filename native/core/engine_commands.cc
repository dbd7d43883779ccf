// Carries out the policy's verdicts.
#include "engine.h"

namespace parapet {

namespace {

std::int32_t u(const std::int32_t* command, std::int32_t word) noexcept { return command[word]; }

store::ObjectRef object_of(const std::int32_t* command) noexcept {
    return {static_cast<std::uint32_t>(command[command_word::object]), static_cast<std::uint32_t>(command[command_word::object_generation])};
}

void write_forwarding_fields(ByteSink& out, const Client& client, const HeadTable& head) noexcept {
    char address[48];
    const std::string_view ip(address, client.peer.format(address));
    const std::string_view authority = head.authority();
    out.put("x-forwarded-for: ");
    out.put(ip);
    out.put(client.tls ? "\r\nx-forwarded-proto: https\r\n" : "\r\nx-forwarded-proto: http\r\n");
    if (!authority.empty()) {
        out.put("x-forwarded-host: ");
        out.put(authority);
        out.put("\r\n");
    }
    // RFC 7239 6: an IPv6 address is a quoted string in brackets.
    out.put(client.peer.is_v4() ? "forwarded: for=" : "forwarded: for=\"[");
    out.put(ip);
    if (!client.peer.is_v4()) out.put("]\"");
    if (!authority.empty()) {
        out.put(";host=\"");
        out.put(authority);
        out.put('"');
    }
    out.put(client.tls ? ";proto=https\r\n" : ";proto=http\r\n");
}

}  // namespace

void Engine::apply_commands() noexcept {
    std::uint32_t commands = static_cast<std::uint32_t>(arena_.control(control_word::command_count));
    if (commands > Arena::commands_max) commands = Arena::commands_max;
    for (std::uint32_t i = 0; i < commands; ++i) apply(arena_.command(i));
}

void Engine::apply_late() noexcept {
    if (in_turn_ || stopped_) return;
    std::uint32_t commands = static_cast<std::uint32_t>(arena_.control(control_word::late_command_count));
    if (commands == 0) return;
    if (commands > Arena::late_commands_max) commands = Arena::late_commands_max;
    in_turn_ = true;
    begin_batch();
    for (std::uint32_t i = 0; i < commands; ++i) apply(arena_.late_command(i));
    arena_.control(control_word::late_command_count) = 0;
    arena_.control(control_word::late_out_used) = 0;
    end_batch();
    in_turn_ = false;
}

void Engine::apply(const std::int32_t* command) noexcept {
    Exchange* exchange = find(static_cast<std::uint32_t>(command[command_word::slot]), static_cast<std::uint32_t>(command[command_word::generation]));
    if (exchange == nullptr || (exchange->phase != Phase::decide && exchange->phase != Phase::wait)) {
        count(counter::commands_dropped_total);
        return;
    }
    if (exchange->phase == Phase::wait) {
        exchange->phase = Phase::decide;
        exchange->timer_use = Exchange::TimerUse::none;
        batch_slots_.push_back(exchange->slot);
    }
    if (exchange->address_at != 0) std::memcpy(exchange->client_address, arena_.base() + exchange->address_at + 16, 16);
    const std::int32_t flags = u(command, command_word::flags);
    if ((flags & command_flag::close) != 0) exchange->close_after = true;
    if ((flags & command_flag::want_ended) != 0) exchange->want_ended = true;
    if (u(command, command_word::cache_result) != 0) exchange->cache_result = u(command, command_word::cache_result);
    if (u(command, command_word::reason) > 0 && u(command, command_word::reason) < reasons_count) {
        exchange->reason = u(command, command_word::reason);
    }
    const auto edits = arena_.checked(u(command, command_word::edits_offset), u(command, command_word::edits_length));
    const auto store_edits = arena_.checked(u(command, command_word::store_edits_offset), u(command, command_word::store_edits_length));
    if (!edits_.read(edits) || !store_edits_.read(store_edits)) {
        count(counter::policy_faults_total);
        fail_exchange(*exchange, 500, reason::policy_fault, outcome::internal_error);
        return;
    }
    const std::int32_t kind = u(command, command_word::kind);
    const bool goes_on = kind == command_kind::annotate || (kind == command_kind::fetch && (flags & command_flag::background) != 0);
    if (exchange->slices && exchange->head_sent && !goes_on) {
        apply_slice(*exchange, command);
        return;
    }
    switch (kind) {
        case command_kind::serve:
            apply_serve(*exchange, command);
            return;
        case command_kind::respond:
            apply_respond(*exchange, command);
            return;
        case command_kind::fetch:
        case command_kind::follow:
            apply_fetch(*exchange, command);
            return;
        case command_kind::forward:
            apply_forward(*exchange, command);
            return;
        case command_kind::refresh:
            apply_refresh(*exchange, command);
            return;
        case command_kind::wait:
            exchange->phase = Phase::wait;
            exchange->timer_use = Exchange::TimerUse::answer;
            arm(exchange->timer, exchange->tables->timeouts.answer_ms);
            return;
        case command_kind::drop:
            apply_drop(*exchange);
            return;
        case command_kind::annotate:
            apply_annotate(*exchange, command);
            return;
        default:
            count(counter::policy_faults_total);
            fail_exchange(*exchange, 500, reason::policy_fault, outcome::internal_error);
            return;
    }
}

void Engine::apply_respond(Exchange& exchange, const std::int32_t* command) noexcept {
    const std::int32_t status = u(command, command_word::status);
    abandon_fetch(exchange);
    if (exchange.client == nullptr) {
        end_exchange(exchange);
        return;
    }
    // What follows a refused CONNECT is not HTTP; TRACE is refused as it is.
    if (exchange.method == method_id::connect || exchange.method == method_id::trace) exchange.close_after = true;
    auto body = arena_.checked(u(command, command_word::body_offset), u(command, command_word::body_length));
    if ((u(command, command_word::flags) & command_flag::page) != 0) {
        if (const Page* page = exchange.tables->pages.find(exchange.zone, status)) {
            body = rendered(*page, status, exchange.ray);
            edits_.set_value(known::content_type, page->content_type);
        }
    }
    if (exchange.reason != 0 && exchange.outcome == outcome::ok && status >= 400) {
        // A full queue is our own limit, not a fault of the origin.
        exchange.outcome = exchange.reason == reason::origin_failed && exchange.fail_cause != fail_cause::connection_limit_reached
            ? outcome::origin_aborted
            : outcome::refused;
    }
    respond_bytes(exchange, status, edits_, body, {});
}

/// The exchange waits on for the command that answers it.
void Engine::apply_annotate(Exchange& exchange, const std::int32_t* command) noexcept {
    const auto text = arena_.checked(u(command, command_word::body_offset), u(command, command_word::body_length));
    drop(exchange.annotations);
    // Without memory for them the record goes without: the answer matters more.
    (void)append(exchange.annotations, text, 2 * annotation_bytes_max);
}

void Engine::apply_drop(Exchange& exchange) noexcept {
    if (!exchange.recorded) {
        exchange.outcome = outcome::refused;
        record_now(exchange);
    }
    Client* client = exchange.client;
    abandon_fetch(exchange);
    end_exchange(exchange);
    if (client != nullptr) close_client(*client);
}

void Engine::apply_fetch(Exchange& exchange, const std::int32_t* command) noexcept {
    const std::int32_t flags = u(command, command_word::flags);
    if ((flags & command_flag::background) != 0) {
        apply_background(exchange, command);
        return;
    }
    // Who joins the fetch of another is told of it, too.
    exchange.piece = named_piece(command);
    exchange.asked = asked_now();
    // An origin that is still busy with this exchange (its answer was not wanted) goes first.
    if (exchange.origin != nullptr) close_origin(*exchange.origin);
    const store::ObjectRef object = object_of(command);
    exchange.revalidated = {};
    if (object) {
        if (!(exchange.pinned == object)) {
            const bool pinned = store_->pin(options_.worker_index, object);
            unpin(exchange);
            if (pinned) exchange.pinned = object;
        }
        exchange.revalidated = exchange.pinned;
    } else {
        unpin(exchange);
    }
    if ((flags & command_flag::collapse) != 0) {
        bool leads = false;
        if (!join_fill(exchange, command, leads)) return;
    }
    start_fetch(exchange, command);
}

/// Writes the request head anew from its parts, and sends the exchange for a connection.
void Engine::start_fetch(Exchange& exchange, const std::int32_t* command) noexcept {
    const std::int32_t flags = u(command, command_word::flags);
    const HeadTable head = head_of(exchange);
    exchange.server = static_cast<std::uint32_t>(u(command, command_word::server));
    exchange.piece = named_piece(command);
    exchange.read_timeout_ms = static_cast<std::uint32_t>(u(command, command_word::read_timeout_ms));
    Pool* target_pool = pool(exchange.server);
    if (exchange.attempts >= attempts_max) {
        // A policy that never stops trying must not keep the worker busy for ever.
        count(counter::policy_faults_total);
        fail_exchange(exchange, 502, reason::origin_failed, outcome::origin_aborted);
        return;
    }
    if (target_pool == nullptr) {
        ++exchange.attempts;
        fetch_failed(exchange, fail_cause::destination_not_found, fetch_stage::none);
        return;
    }
    ByteSink out(build_.data(), build_.size());
    const bool as_get = (flags & command_flag::as_get) != 0;
    if (as_get) exchange.method = method_id::get;
    out.put(as_get ? std::string_view("GET") : head.method());
    out.put(' ');
    const auto target = arena_.checked(u(command, command_word::target_offset), u(command, command_word::target_length));
    if (!target.empty()) {
        out.put(target);
    } else if (head.flag(head_flag::absolute_form)) {
        out.put(head.path());
        if (head.flag(head_flag::has_query)) {
            out.put('?');
            out.put(head.query());
        }
    } else {
        out.put(head.target());
    }
    out.put(" HTTP/1.1\r\nhost: ");
    const std::string_view own_host = edits_.value_of(known::host);
    drop(exchange.sent_host);
    if (own_host.data() != nullptr) {
        out.put(own_host);
        const std::span<const std::uint8_t> sent(reinterpret_cast<const std::uint8_t*>(own_host.data()), own_host.size());
        (void)append(exchange.sent_host, sent, record_string_bytes_max);
    } else if (head.flag(head_flag::absolute_form)) {
        out.put(head.authority());
    } else if (head.flag(head_flag::has_host)) {
        out.put(head.first(known::host));
    } else {
        out.put(target_pool->server.authority);
    }
    out.put("\r\n");
    FieldFilter filter;
    filter.drop_host = true;
    filter.drop_conditional = (flags & command_flag::unconditional) != 0;
    filter.drop_forwarding = (flags & command_flag::forwarding_fields) != 0;
    filter.drop_expect = !exchange.expects_continue;
    write_fields(out, head, edits_, filter);
    edits_.write_added(out, known::host);
    if ((flags & command_flag::forwarding_fields) != 0 && exchange.client != nullptr) write_forwarding_fields(out, *exchange.client, head);
    out.put(exchange.http10 ? "via: 1.0 parapet\r\n" : "via: 1.1 parapet\r\n");
    if (head.flag(head_flag::accepts_trailers)) out.put("te: trailers\r\nconnection: te\r\n");
    exchange.send_chunked = exchange.body == http1::Body::chunked;
    if (exchange.send_chunked) {
        out.put("transfer-encoding: chunked\r\n");
    } else if (exchange.body == http1::Body::length || (head.flag(head_flag::has_content_length) && !as_get)) {
        out.put("content-length: ");
        out.decimal(head.content_length());
        out.put("\r\n");
    }
    out.put("\r\n");
    drop(exchange.request);
    if (out.overflow() || !append(exchange.request, out.written(), 1u << Arena::slab_largest_log2)) {
        fail_exchange(exchange, 503, reason::memory, outcome::refused);
        return;
    }
    exchange.retried = false;
    ++exchange.attempts;
    acquire(exchange, false);
}

/// An exchange without a client for the same request, with a head of its own; nullptr where the arena is full.
Exchange* Engine::begin_background(const Exchange& exchange) noexcept {
    Exchange& background = *begin_exchange(nullptr, exchange.tables);
    background.zone = exchange.zone;
    background.method = exchange.method;
    background.http10 = exchange.http10;
    background.tls = exchange.tls;
    background.asked = asked_now();
    std::memcpy(background.client_address, exchange.client_address, sizeof background.client_address);
    background.phase = Phase::background;
    background.head = exchange.head;
    // It has no slab of its own yet, so this copies from wherever the head lies now.
    if (settle(background)) return &background;
    background.head = 0;
    end_exchange(background);
    return nullptr;
}

/// A fetch without a client: it refreshes what the client is served stale, or gets the piece that comes next.
void Engine::apply_background(Exchange& exchange, const std::int32_t* command) noexcept {
    Exchange* begun = begin_background(exchange);
    if (begun == nullptr) return;
    Exchange& background = *begun;
    const store::ObjectRef object = object_of(command);
    if (object ? !store_->pin(options_.worker_index, object) : named_piece(command).kind == 0) {
        end_exchange(background);
        return;
    }
    background.pinned = object;
    background.revalidated = object;
    bool leads = false;
    // Somebody else refreshes it already: one background fetch is enough.
    if (!join_fill(background, command, leads) || !leads) {
        if (background.phase != Phase::free) {
            abandon_fetch(background);
            end_exchange(background);
        }
        return;
    }
    start_fetch(background, command);
}

std::span<const std::uint8_t> Engine::rendered(const Page& page, std::int32_t status, std::uint64_t ray) noexcept {
    page.render(page_text_, status, ray);
    return {reinterpret_cast<const std::uint8_t*>(page_text_.data()), page_text_.size()};
}

/// The body of what the engine answers by itself: the operator's page, or a line with the reason. Valid until the next call.
Engine::OwnBody Engine::own_body(const Tables& tables, std::int32_t zone, std::int32_t status, std::int32_t why, std::uint64_t ray,
                                 std::span<std::uint8_t> room) noexcept {
    if (const Page* page = tables.pages.find(zone, status)) return {page->content_type, rendered(*page, status, ray)};
    ByteSink body(room.data(), room.size());
    body.put(reason_phrase(status));
    body.put(": ");
    body.put(reasons[why]);
    body.put('\n');
    return {"text/plain; charset=utf-8", body.written()};
}

/// Answers in the policy's place. After the head has been sent, all that is left is to cut the response short.
void Engine::fail_exchange(Exchange& exchange, std::int32_t status, std::int32_t why, std::int32_t outcome_code) noexcept {
    abandon_fetch(exchange);
    exchange.reason = why;
    exchange.outcome = outcome_code;
    if (exchange.client == nullptr) {
        end_exchange(exchange);
        return;
    }
    if (exchange.head_sent) {
        truncate_response(exchange, outcome_code, why);
        return;
    }
    edits_.read({});
    std::uint8_t text[256];
    const OwnBody own = own_body(*exchange.tables, exchange.zone, status, why, exchange.ray, text);
    respond_bytes(exchange, status, edits_, own.bytes, own.type);
}

}  // namespace parapet
