// The engine's side of the store: look-ups for events, serving objects, leading and following fills.
#include <algorithm>

#include "cache_tag.h"
#include "engine.h"
#include "known_names.gen.h"
#include "store_key.h"
#include "stored_head.h"

namespace parapet {

namespace {

std::uint64_t u64(const std::int32_t* command, std::int32_t low, std::int32_t high) noexcept {
    return static_cast<std::uint32_t>(command[low]) | static_cast<std::uint64_t>(static_cast<std::uint32_t>(command[high])) << 32;
}

store::ObjectMeta meta_of(const std::int32_t* command, std::uint32_t now, std::int32_t status) noexcept {
    store::ObjectMeta meta;
    meta.stored_at = now;
    meta.fresh_until = static_cast<std::uint32_t>(command[command_word::fresh_until]);
    meta.stale_while_revalidate_until = static_cast<std::uint32_t>(command[command_word::stale_while_revalidate_until]);
    meta.stale_if_error_until = static_cast<std::uint32_t>(command[command_word::stale_if_error_until]);
    meta.flags = static_cast<std::uint32_t>(command[command_word::object_flags]);
    meta.age_at_store = static_cast<std::uint32_t>(command[command_word::age_at_store]);
    meta.status = static_cast<std::uint16_t>(status);
    return meta;
}

void put_u32(std::span<std::uint8_t> out, std::size_t& at, std::uint32_t value) noexcept {
    if (out.size() - at < 4) return;
    std::memcpy(out.data() + at, &value, 4);
    at += 4;
}

void put_text(std::span<std::uint8_t> out, std::size_t& at, std::string_view text) noexcept {
    const std::size_t take = std::min(text.size(), out.size() - at);
    if (take > 0) std::memcpy(out.data() + at, text.data(), take);
    at += take;
}

}  // namespace

/// Zone, scheme, host, path and query: see `src/cache/key.ts`, which lays the same bytes out. Returns the length.
std::size_t Engine::early_key(const Exchange& exchange, std::span<std::uint8_t> out) const noexcept {
    const HeadTable head = head_of(exchange);
    std::size_t at = 0;
    put_u32(out, at, exchange.tables->zone_keys[static_cast<std::size_t>(exchange.zone)]);
    out[at++] = exchange.tls ? 's' : 'h';
    put_text(out, at, head.word(head_word::port) == (exchange.tls ? 443 : 80) ? head.host() : head.authority());
    out[at++] = 0;
    put_text(out, at, head.path());
    if (head.flag(head_flag::has_query)) {
        out[at++] = '?';
        put_text(out, at, head.query());
    }
    return at;
}

/// Looks the early key up for a request event, where no other field belongs to the key.
void Engine::look_up(Exchange& exchange, std::int32_t* event) noexcept {
    const HeadTable head = head_of(exchange);
    if (exchange.zone < 0 || head.flag(head_flag::extends_key)) return;
    if (exchange.method != method_id::get && exchange.method != method_id::head) return;
    std::uint8_t key[store::key_bytes_limit];
    if (static_cast<std::size_t>(head.word(head_word::target_length)) + 512 > sizeof key) return;
    const std::size_t length = early_key(exchange, key);
    const std::uint64_t hash = siphash13(options_.hash_key, {key, length});
    const store::LookupResult result = store_->lookup(options_.worker_index, hash, {key, length}, now_s_);
    event[event_word::flags] |= event_flag::key_valid;
    StoreAnswer answer;
    answer.state = static_cast<std::int32_t>(result.state);
    answer.ref = result.ref;
    if (result.ref) {
        unpin(exchange);
        exchange.pinned = result.ref;
        exchange.seen = result.ref;
        answer.meta = result.view.meta;
        answer.body_length = result.view.body_length;
    } else if (result.state == store::LookupState::miss) {
        count(counter::store_misses_total);
    }
    write_answer(event + event_word::store_state, answer);
}

std::int32_t Engine::policy_lookup(std::int32_t key_offset, std::int32_t key_length) noexcept {
    const auto key = completed(arena_.checked(key_offset, key_length));
    std::int32_t* reply = arena_.words(arena_.reply_offset());
    StoreAnswer answer;
    answer.state = static_cast<std::int32_t>(store::LookupState::miss);
    if (!key.empty() && key.size() <= store::key_bytes_limit) {
        const store::LookupResult result = store_->lookup(options_.worker_index, siphash13(options_.hash_key, key), key, now_s_);
        answer.state = static_cast<std::int32_t>(result.state);
        answer.ref = result.ref;
        if (result.ref) {
            // Stays pinned until the commands of this batch have been carried out.
            batch_pins_.push_back(result.ref);
            answer.meta = result.view.meta;
            answer.body_length = result.view.body_length;
        }
    }
    write_answer(reply, answer);
    return answer.state;
}

std::int32_t Engine::policy_read_head(std::uint32_t object, std::uint32_t generation) noexcept {
    const store::ObjectRef ref{object, generation};
    if (!ref || !store_->pin(options_.worker_index, ref)) return 0;
    store::ObjectView view;
    std::int32_t offset = 0;
    if (store_->view(ref, view)) {
        const std::string_view lines = lines_of(view.head);
        const std::uint32_t at = arena_.reply_offset() + 64;
        const std::uint32_t room = Arena::reply_bytes - 64;
        ByteSink out(arena_.base() + at, room / 2);
        // A marker has no status of its own.
        write_status_line(out, view.meta.status >= 100 ? view.meta.status : 200);
        out.put(lines);
        out.put("\r\n");
        if (!out.overflow()) {
            const auto raw_bytes = static_cast<std::uint32_t>(out.size());
            const std::uint32_t table_at = at + ((raw_bytes + 15u) & ~15u);
            const std::span<std::int32_t> table{arena_.words(table_at), (arena_.reply_offset() + Arena::reply_bytes - table_at) / 4};
            http1::HeadScan scan;
            const http1::HeadLimits limits{room, room, 1024};
            const auto parsed = http1::parse_response(arena_.span(at, raw_bytes), scan, table, limits, method_id::head);
            if (parsed.state == http1::Parse::ok) {
                table[static_cast<std::size_t>(head_word::raw_offset)] = static_cast<std::int32_t>(at);
                offset = static_cast<std::int32_t>(table_at);
            }
        }
    }
    store_->unpin(options_.worker_index, ref);
    return offset;
}

std::uint32_t Engine::policy_put_marker(std::int32_t key_offset, std::int32_t key_length, std::int32_t flags,
                                        std::uint32_t fresh_until, std::int32_t bytes_offset, std::int32_t bytes_length) noexcept {
    const auto key = completed(arena_.checked(key_offset, key_length));
    if (key.empty() || key.size() > store::key_bytes_limit) return 0;
    store::ObjectMeta meta;
    meta.stored_at = now_s_;
    meta.fresh_until = fresh_until;
    meta.flags = static_cast<std::uint32_t>(flags);
    const auto lines = arena_.checked(bytes_offset, bytes_length);
    const auto head = stored_head(std::string_view(reinterpret_cast<const char*>(lines.data()), lines.size()));
    const store::ObjectRef ref = store_->put_marker(siphash13(options_.hash_key, key), key, head, meta, now_s_);
    return ref.generation;
}

std::int32_t Engine::policy_purge(std::int32_t key_offset, std::int32_t key_length, bool soft) noexcept {
    const auto key = arena_.checked(key_offset, key_length);
    if (key.empty() || key.size() > store::key_bytes_limit) return 0;
    return static_cast<std::int32_t>(invalidate_key(*store_, options_.hash_key, key, soft));
}

void Engine::unpin(Exchange& exchange) noexcept {
    if (!exchange.pinned) return;
    store_->unpin(options_.worker_index, exchange.pinned);
    exchange.pinned = {};
}

/// A key of the policy as it stands in the store; valid until the next call. Empty where it is too long.
std::span<const std::uint8_t> Engine::completed(std::span<const std::uint8_t> key) noexcept {
    if (key.size() > store::key_bytes_limit) return {};
    return stored_key(options_.hash_key, key, {recode_.data() + recode_.size() - store::key_bytes_limit, store::key_bytes_limit});
}

/// The key that a command means: its own, or the early one. Valid until the next call.
std::span<const std::uint8_t> Engine::command_key(const Exchange& exchange, const std::int32_t* command) noexcept {
    const auto own = arena_.checked(command[command_word::key_offset], command[command_word::key_length]);
    if (!own.empty()) return completed(own);
    if (exchange.zone < 0) return {};
    const HeadTable head = head_of(exchange);
    if (static_cast<std::size_t>(head.word(head_word::target_length)) + 512 > store::key_bytes_limit) return {};
    std::uint8_t* at = recode_.data() + recode_.size() - store::key_bytes_limit;
    return {at, early_key(exchange, {at, store::key_bytes_limit})};
}

// ---- fills

/// Asks the store to lead or to join the fill of a key. The reader is for a client: without one nobody reads what fills.
/// `is_storable`: the response is here already, and may be stored.
store::FillResult Engine::begin_fill(Exchange& exchange, Exchange& reader_of, std::span<const std::uint8_t> key, std::uint64_t hash,
                                     bool is_storable) noexcept {
    store::FillRequest request;
    request.hash = hash;
    request.key = key;
    request.worker = options_.worker_index;
    request.leader_tag = exchange.slot;
    request.now = now_s_;
    request.seen = exchange.revalidated ? exchange.revalidated : exchange.seen;
    request.asked = exchange.asked.epoch;
    request.is_storable = is_storable;
    if (Process::get().purge_epochs.last() != exchange.asked.invalidations) {
        request.invalidated = &invalidations_of(options_.hash_key, key);
        request.asked_invalidations = exchange.asked.invalidations;
    }
    return store_->begin_fill(request, reader_of.client != nullptr ? &reader_of.reader : nullptr);
}

/// Leads or follows the fetch of the command's key. False: this exchange does not fetch now.
bool Engine::join_fill(Exchange& exchange, const std::int32_t* command, bool& leads) noexcept {
    leads = false;
    const auto key = command_key(exchange, command);
    if (key.empty()) return true;
    const std::uint64_t hash = siphash13(options_.hash_key, key);
    if (exchange.fill) {
        if (exchange.fill_hash == hash && !exchange.fill_has_head) {
            leads = true;
            return true;
        }
        abort_fill(exchange, store::AbortCause::failed_before_head);
    }
    exchange.reader.close();
    const store::FillResult result = begin_fill(exchange, exchange, key, hash, false);
    switch (result.kind) {
        case store::FillKind::leader:
            exchange.fill = result.fill;
            exchange.fill_object = result.object;
            exchange.fill_hash = hash;
            exchange.fill_has_head = false;
            leads = true;
            return true;
        case store::FillKind::follower:
            if (exchange.client == nullptr) return false;
            if (waiters_.count(result.object.index) >= exchange.tables->limits.followers_max) {
                exchange.reader.close();
                count(counter::followers_refused_total);
                return true;
            }
            count(counter::collapsed_total);
            if (ZoneCounts* counts = counts_of(exchange)) ZoneCounts::add(counts->collapsed, 1);
            exchange.phase = Phase::follow;
            follow_moved(exchange);
            return false;
        case store::FillKind::object:
            unpin(exchange);
            exchange.pinned = result.object;
            exchange.seen = result.object;
            queue_follow(exchange, follow_cause::head, result.object);
            return false;
        case store::FillKind::varies:
            store_->unpin(options_.worker_index, result.object);
            exchange.seen = result.object;
            queue_follow(exchange, follow_cause::elsewhere, {});
            return false;
        case store::FillKind::pass:
            return true;
    }
    return true;
}

/// The response will be kept under the command's key, or passes through without the store; `elsewhere`: another fetch has the key.
Engine::Kept Engine::begin_store(Exchange& exchange, Exchange& reader_of, const std::int32_t* command, const HeadTable& head,
                                 std::uint64_t body_length) noexcept {
    const auto key = command_key(exchange, command);
    if (key.empty()) {
        if (exchange.fill) abort_fill(exchange, store::AbortCause::released);
        return Kept::no;
    }
    const std::uint64_t hash = siphash13(options_.hash_key, key);
    if (!exchange.fill || exchange.fill_hash != hash) {
        // A secondary key, or a fetch that was not collapsed: the fill begins here. Followers of the first key look again.
        const store::FillRef first = exchange.fill;
        if (first && !store_->is_kept(first)) {
            // Purged or invalidated since the origin was asked: so would be what it becomes.
            abort_fill(exchange, store::AbortCause::elsewhere);
            reader_of.reader.close();
            return Kept::elsewhere;
        }
        exchange.fill = {};
        reader_of.reader.close();
        const store::FillResult result = begin_fill(exchange, reader_of, key, hash, true);
        if (first) store_->abort(first, result.kind == store::FillKind::pass ? store::AbortCause::released : store::AbortCause::elsewhere);
        if (result.kind != store::FillKind::leader) {
            if (result.kind == store::FillKind::object || result.kind == store::FillKind::varies) {
                store_->unpin(options_.worker_index, result.object);
            }
            reader_of.reader.close();
            return result.kind == store::FillKind::pass ? Kept::no : Kept::elsewhere;
        }
        exchange.fill = result.fill;
        exchange.fill_object = result.object;
        exchange.fill_hash = hash;
    }
    const bool has_own_status = (command[command_word::flags] & command_flag::background) != 0 && command[command_word::status] != 0;
    const store::ObjectMeta meta = meta_of(command, now_s_, has_own_status ? command[command_word::status] : head.word(head_word::code));
    const store::Tags tags = tags_of(head);
    if (store_->set_head(exchange.fill, stored_head(head), meta, body_length, tags) == store::HeadState::refused) {
        abort_fill(exchange, store::AbortCause::released);
        reader_of.reader.close();
        return Kept::no;
    }
    exchange.fill_has_head = true;
    return Kept::yes;
}

/// Tags of a response that is being stored: those that the policy gives for its stored head, or else its own Cache-Tag fields.
store::Tags Engine::tags_of(const HeadTable& head) noexcept {
    tags_.clear();
    bool is_all = false;
    std::size_t bytes = 0;
    const auto add = [&](std::string_view value) {
        bytes += value.size();
        if (bytes > cache_tag_bytes_max || tags_.size() > store::tags_limit) is_all = true;
        if (!is_all) for_each_tag(value, [&](std::span<const std::uint8_t> tag) { tags_.push_back(store::hash_of_tag(options_.hash_key, tag)); });
    };
    if (store_edits_.gives(known::cache_tag)) {
        for (const Edits::Entry& edit : store_edits_.entries()) {
            if (edit.id != known::cache_tag) continue;
            if (edit.op != edit_op::append) tags_.clear();
            if (edit.op != edit_op::remove) add(edit.value);
        }
    } else if (head && head.has(known::cache_tag)) {
        for (std::int32_t i = 0; i < head.field_count(); ++i) {
            const HeadTable::Field field = head.field(i);
            if (field.id == known::cache_tag) add(field.value);
        }
    }
    return {tags_, is_all || tags_.size() > store::tags_limit};
}

void Engine::abort_fill(Exchange& exchange, store::AbortCause cause) noexcept {
    if (!exchange.fill) return;
    const store::FillRef fill = exchange.fill;
    exchange.fill = {};
    exchange.fill_has_head = false;
    store_->abort(fill, cause);
}

/// Stored head: the prefix and the field lines of a response, after `store_edits_`.
std::span<const std::uint8_t> Engine::stored_head(const HeadTable& head) noexcept {
    const std::size_t half = build_.size() / 2;
    ByteSink out(build_.data() + half, half);
    const StoredPrefix prefix;
    out.put({reinterpret_cast<const std::uint8_t*>(&prefix), sizeof prefix});
    FieldFilter filter;
    filter.drop_age = true;
    filter.drop_cache_tag = true;
    write_fields(out, head, store_edits_, filter);
    store_edits_.write_added(out, known::content_length, known::cache_tag);
    if (!head.has(known::date) && !store_edits_.gives(known::date)) write_date(out, now_s_);
    write_prefix(out);
    return out.written();
}

std::span<const std::uint8_t> Engine::stored_head(std::string_view lines) noexcept {
    const std::size_t half = build_.size() / 2;
    ByteSink out(build_.data() + half, half);
    const StoredPrefix prefix;
    out.put({reinterpret_cast<const std::uint8_t*>(&prefix), sizeof prefix});
    out.put(lines);
    write_prefix(out);
    return out.written();
}

// ---- waiting for what another exchange fetches

void Engine::wait_on_entry(Exchange& exchange, std::uint32_t entry) noexcept {
    if (exchange.waits_on_entry && exchange.waited_entry == entry) return;
    stop_waiting(exchange);
    exchange.waits_on_entry = true;
    exchange.waited_entry = entry;
    waiters_.emplace(entry, exchange.slot);
}

void Engine::stop_waiting(Exchange& exchange) noexcept {
    if (!exchange.waits_on_entry) return;
    exchange.waits_on_entry = false;
    auto [first, last] = waiters_.equal_range(exchange.waited_entry);
    for (auto it = first; it != last; ++it) {
        if (it->second == exchange.slot) {
            waiters_.erase(it);
            return;
        }
    }
}

void Engine::store_notify(void*, std::uint32_t worker, std::uint32_t index, std::uint32_t) noexcept {
    Process::get().mailbox(worker).post({Message::Kind::store_progress, index, 0});
}

void Engine::entry_moved(std::uint32_t entry) noexcept {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> slots;
    auto [first, last] = waiters_.equal_range(entry);
    for (auto it = first; it != last; ++it) slots.emplace_back(it->second, exchanges_[it->second]->generation);
    for (const auto& [slot, generation] : slots) {
        Exchange* exchange = find(slot, generation);
        if (exchange == nullptr) continue;
        if (exchange->phase == Phase::follow) {
            follow_moved(*exchange);
            continue;
        }
        if (exchange->fill && exchange->origin != nullptr && exchange->origin->paused) {
            exchange->origin->paused = false;
            pump_download(*exchange->origin);
            exchange = find(slot, generation);
        }
        if (exchange != nullptr && exchange->phase == Phase::respond && exchange->from_store && exchange->client != nullptr &&
            exchange->client->out.empty()) {
            pump_reader(*exchange);
        }
    }
}

void Engine::follow_moved(Exchange& exchange) noexcept {
    const store::FollowState state = store_->follow_state(exchange.reader);
    if (state == store::FollowState::waiting) {
        wait_on_entry(exchange, exchange.reader.object().index);
        return;
    }
    stop_waiting(exchange);
    if (exchange.slices) {
        // The head has been sent: there is nothing left to decide.
        if (state == store::FollowState::head || state == store::FollowState::purged) resume_slice(exchange);
        else truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
        return;
    }
    if (state == store::FollowState::head) {
        queue_follow(exchange, follow_cause::head, exchange.reader.object());
        return;
    }
    exchange.reader.close();
    std::int32_t cause = follow_cause::failed;
    if (state == store::FollowState::released) cause = follow_cause::released;
    if (state == store::FollowState::purged) cause = follow_cause::purged;
    if (state == store::FollowState::elsewhere) cause = follow_cause::elsewhere;
    queue_follow(exchange, cause, {});
}

void Engine::queue_follow(Exchange& exchange, std::int32_t cause, store::ObjectRef ref) noexcept {
    exchange.phase = Phase::news;
    follow_news_.push_back({exchange.slot, exchange.generation, cause, ref});
}

/// Turns what has been queued about exchanges into events of this batch, as far as the table has room.
void Engine::emit_follow() noexcept {
    std::size_t done = 0;
    for (; done < follow_news_.size(); ++done) {
        const FollowNews& news = follow_news_[done];
        Exchange* exchange = find(news.slot, news.generation);
        if (exchange == nullptr || exchange->phase != Phase::news) continue;
        std::int32_t* event = new_event(event_kind::follow, *exchange);
        if (event == nullptr) break;
        event[event_word::cause] = news.cause;
        if (!news.ref) continue;
        store::ObjectView view;
        StoreAnswer answer;
        if (store_->view(news.ref, view)) {
            answer.state = static_cast<std::int32_t>(view.complete ? store::LookupState::object : store::LookupState::filling);
            answer.ref = news.ref;
            answer.meta = view.meta;
            answer.body_length = view.body_length;
        } else {
            event[event_word::cause] = follow_cause::failed;
        }
        write_answer(event + event_word::store_state, answer);
    }
    follow_news_.erase(follow_news_.begin(), follow_news_.begin() + static_cast<std::ptrdiff_t>(done));
    done = 0;
    for (; done < fail_news_.size(); ++done) {
        const FailNews& news = fail_news_[done];
        Exchange* exchange = find(news.slot, news.generation);
        if (exchange == nullptr || exchange->phase != Phase::news) continue;
        std::int32_t* event = new_event(event_kind::origin_failed, *exchange);
        if (event == nullptr) break;
        event[event_word::cause] = news.cause;
        event[event_word::stage] = news.stage;
        event[event_word::fail_detail] = exchange->fail_detail;
        if (news.may_retry) event[event_word::flags] |= event_flag::may_retry;
    }
    fail_news_.erase(fail_news_.begin(), fail_news_.begin() + static_cast<std::ptrdiff_t>(done));
}

// ---- serving

void Engine::write_cache_fields(ByteSink& out, const std::int32_t* command) noexcept {
    if (command[command_word::age] >= 0) {
        out.put("age: ");
        out.decimal(static_cast<std::uint64_t>(command[command_word::age]));
        out.put("\r\n");
    }
    if (command[command_word::cache_status] != cache_status::none) {
        out.put("cache-status: parapet; hit; ttl=");
        out.signed_decimal(command[command_word::ttl]);
        if (command[command_word::cache_status] == cache_status::hit_stale_while_revalidate) out.put("; detail=SWR");
        if (command[command_word::cache_status] == cache_status::hit_stale_if_error) out.put("; detail=SIE");
        out.put("\r\n");
    }
}

/// Stored lines, without those that `edits_` replace, and for a 304 without those that describe the body (RFC 9110 15.4.5).
void Engine::write_stored_lines(ByteSink& out, std::string_view lines, const StoredPrefix& prefix, bool not_modified,
                                bool drop_server) noexcept {
    const bool drops_line = drop_server && prefix.server_offset != 0;
    if (edits_.empty() && !not_modified && !(drops_line && prefix.server_length == StoredPrefix::several)) {
        if (drops_line) {
            out.put(lines.substr(0, prefix.server_offset - server_name_bytes));
            out.put(lines.substr(static_cast<std::size_t>(prefix.server_offset) + prefix.server_length + 2));
        } else {
            out.put(lines);
        }
        return;
    }
    std::size_t at = 0;
    while (at < lines.size()) {
        std::size_t end = lines.find("\r\n", at);
        if (end == std::string_view::npos) break;
        end += 2;
        const std::string_view line = lines.substr(at, end - at);
        at = end;
        const std::string_view name = line.substr(0, line.find(':'));
        const auto id = static_cast<std::int32_t>(
            known_name_id(reinterpret_cast<const std::uint8_t*>(name.data()), static_cast<std::uint32_t>(name.size())));
        if (not_modified && (id == known::content_type || id == known::content_encoding || id == known::content_language || id == known::content_range)) continue;
        if (edits_.drops(id, name) || (drop_server && id == known::server)) continue;
        out.put(line);
    }
}

void Engine::apply_serve(Exchange& exchange, const std::int32_t* command) noexcept {
    const store::ObjectRef ref{static_cast<std::uint32_t>(command[command_word::object]),
                               static_cast<std::uint32_t>(command[command_word::object_generation])};
    if (exchange.client == nullptr) {
        abandon_fetch(exchange);
        end_exchange(exchange);
        return;
    }
    if (exchange.origin != nullptr || exchange.fill) abandon_fetch(exchange);
    serve(exchange, command, ref);
}

void Engine::serve(Exchange& exchange, const std::int32_t* command, store::ObjectRef ref) noexcept {
    const bool follows = exchange.reader.is_open() && exchange.reader.object() == ref;
    if (!follows) {
        exchange.reader.close();
        if (!(exchange.pinned == ref)) {
            const bool pinned = static_cast<bool>(ref) && store_->pin(options_.worker_index, ref);
            unpin(exchange);
            if (!pinned) {
                count(counter::policy_faults_total);
                fail_exchange(exchange, 500, reason::policy_fault, outcome::internal_error);
                return;
            }
            exchange.pinned = ref;
        }
    }
    store::ObjectView view;
    if (!store_->view(ref, view)) {
        // Gone between the news and the verdict: the policy looks again.
        exchange.reader.close();
        unpin(exchange);
        queue_follow(exchange, follow_cause::failed, {});
        return;
    }
    const std::int32_t wanted = command[command_word::status];
    exchange.cached_status = view.meta.status;
    exchange.status = wanted != 0 ? wanted : view.meta.status;
    exchange.method = head_of(exchange).word(head_word::code);
    if (exchange.cache_result == cache_result::hit) count(counter::store_hits_total);
    const bool bodyless = exchange.status == 304 || exchange.status == 412 || exchange.status == 416 ||
        (command[command_word::flags] & command_flag::no_body) != 0;
    const bool sliced = (command[command_word::flags] & command_flag::sliced) != 0;
    if (sliced && !begin_slices(exchange, command, view)) {
        count(counter::policy_faults_total);
        fail_exchange(exchange, 500, reason::policy_fault, outcome::internal_error);
        return;
    }
    std::uint64_t length = sliced ? exchange.slices->total : view.body_length;
    bool has_length = length != store::unknown_length;
    std::uint64_t first = 0;
    const bool parts = !bodyless && (command[command_word::flags] & command_flag::parts) != 0;
    const bool part = !parts && wanted == 206;
    if (parts) {
        const StoredPrefix prefix = prefix_of(view.head);
        const std::string_view type = lines_of(view.head).substr(prefix.type_offset, prefix.type_length);
        if (!begin_parts(exchange, command, type, length)) {
            count(counter::policy_faults_total);
            fail_exchange(exchange, 500, reason::policy_fault, outcome::internal_error);
            return;
        }
        length = exchange.multipart->length();
    }
    if (part) {
        first = u64(command, command_word::range_first_low, command_word::range_first_high);
        const std::uint64_t end = u64(command, command_word::range_last_low, command_word::range_last_high);
        if (!has_length || first > end || end >= length) {
            count(counter::policy_faults_total);
            fail_exchange(exchange, 500, reason::policy_fault, outcome::internal_error);
            return;
        }
        length = end - first + 1;
    }
    if (bodyless) {
        length = 0;
        has_length = true;
    }
    ByteSink out(build_.data(), build_.size());
    write_status_line(out, exchange.status);
    const std::string_view lines = lines_of(view.head);
    const StoredPrefix prefix = prefix_of(view.head);
    write_stored_lines(out, sent_lines_of(view.head), prefix, exchange.status == 304, exchange.tables->server_field != ServerField::pass);
    if (!edits_.empty()) edits_.write_added(out, known::content_length);
    write_server(exchange, out, false);
    write_cache_fields(out, command);
    finish_head(exchange, out, has_length, length);
    if (out.overflow()) {
        fail_exchange(exchange, 500, reason::memory, outcome::internal_error);
        return;
    }
    exchange.content_type = lines.substr(prefix.type_offset, prefix.type_length);
    exchange.expires = lines.substr(prefix.expires_offset, prefix.expires_length);
    exchange.last_modified = lines.substr(prefix.modified_offset, prefix.modified_length);

    const bool no_bytes = exchange.framing == Framing::none || (exchange.framing == Framing::length && length == 0);
    if (no_bytes || (view.complete && !part && !parts && !sliced && view.body.size() == view.body_length && view.body.size() <= 16u << 10 &&
                     out.size() + view.body.size() <= build_.size())) {
        // One buffer, one call: cheaper than a gathered write for what is small.
        std::size_t total = out.size();
        if (!no_bytes) {
            std::memcpy(build_.data() + total, view.body.data(), view.body.size());
            total += view.body.size();
            exchange.sent_body_bytes += view.body.size();
        }
        iovec piece{build_.data(), total};
        (void)send_pieces(exchange, {&piece, 1}, true);
        return;
    }
    exchange.from_store = true;
    if (sliced) keep_noted(exchange);
    if (!follows) {
        store_->open_reader(options_.worker_index, ref, exchange.reader);
        exchange.pinned = {};
    }
    if (sliced) exchange.reader.range(first - exchange.slices->piece.first, store::unknown_length);
    else if (part) exchange.reader.range(first, first + length - 1);
    if (exchange.framing == Framing::length && !parts) {
        if (send_from_reader(exchange, out.written())) pump_reader(exchange);
    } else if (deliver(exchange, {}, false, {}, out.written()) == Sent::all) {
        pump_reader(exchange);
    }
}

/// A 304 has validated the pinned object: it gets a new head and new times, and answers whoever waits.
void Engine::apply_refresh(Exchange& exchange, const std::int32_t* command) noexcept {
    const store::ObjectRef old{static_cast<std::uint32_t>(command[command_word::object]),
                               static_cast<std::uint32_t>(command[command_word::object_generation])};
    store::ObjectView view;
    if (!(exchange.pinned == old) || !store_->view(old, view)) {
        count(counter::policy_faults_total);
        fail_exchange(exchange, 500, reason::policy_fault, outcome::internal_error);
        return;
    }
    if (exchange.origin != nullptr) {
        exchange.origin->response_done = true;
        exchange.origin_done_ns = now_ns_;
        if (exchange.origin->body != http1::Body::none || exchange.origin->early_length > 0) exchange.origin->may_reuse = false;
        release_origin(*exchange.origin);
    }
    // The stored lines with the edits on them.
    std::swap(edits_, store_edits_);
    ByteSink lines(recode_.data(), recode_.size() / 2);
    write_stored_lines(lines, lines_of(view.head), prefix_of(view.head), false, false);
    edits_.write_added(lines, known::content_length, known::cache_tag);
    std::swap(edits_, store_edits_);
    const store::Tags tags = tags_of(HeadTable{});
    const store::ObjectMeta meta = meta_of(command, now_s_, view.meta.status);
    const store::FillRef fill = exchange.fill;
    exchange.fill = {};
    exchange.fill_has_head = false;
    exchange.reader.close();
    const store::ObjectRef fresh = store_->refresh(options_.worker_index, old, fill,
                                                   stored_head(std::string_view(reinterpret_cast<const char*>(lines.begin()), lines.size())), meta,
                                                   store_edits_.gives(known::cache_tag) ? &tags : nullptr, exchange.asked.epoch);
    if (fresh) {
        unpin(exchange);
        exchange.pinned = fresh;
    }
    if (exchange.client == nullptr) {
        end_exchange(exchange);
        return;
    }
    serve(exchange, command, exchange.pinned);
}

}  // namespace parapet
