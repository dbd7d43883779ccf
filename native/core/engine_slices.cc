// Bodies that are stored in pieces, each an object of its own: sent one after the other, fetched by exchanges without a client.
#include <algorithm>

#include "engine.h"

namespace parapet {

/// The response fills the store beside its client, who follows it like one that did not ask the origin, and may get a part.
void Engine::hand_over(Exchange& exchange, const std::int32_t* command) noexcept {
    Exchange* begun = begin_background(exchange);
    if (begun == nullptr) {
        fail_exchange(exchange, 503, reason::memory, outcome::refused);
        return;
    }
    Exchange& background = *begun;
    stop_waiting(exchange);
    background.origin = std::exchange(exchange.origin, nullptr);
    background.origin->exchange = &background;
    background.server = exchange.server;
    background.attempts = exchange.attempts;
    background.fill = std::exchange(exchange.fill, {});
    background.fill_object = exchange.fill_object;
    background.fill_hash = exchange.fill_hash;
    background.revalidated = exchange.revalidated;
    background.seen = exchange.seen;
    background.asked = exchange.asked;
    background.read_timeout_ms = exchange.read_timeout_ms;
    exchange.piece = named_piece(command);
    Beside beside{exchange};
    apply_forward(background, command, &beside);
    if (exchange.reader.is_open()) {
        exchange.phase = Phase::follow;
        follow_moved(exchange);
        return;
    }
    // Where another fetch has the key by now, the policy looks again.
    queue_follow(exchange, beside.kept == Kept::no ? follow_cause::released : follow_cause::elsewhere, {});
}

/// What the record names of the response is copied: the object that it lies in will be left.
void Engine::keep_noted(Exchange& exchange) noexcept {
    std::size_t used = 0;
    for (std::string_view* field : {&exchange.content_type, &exchange.expires, &exchange.last_modified}) {
        const std::size_t take = std::min({field->size(), std::size_t{120}, sizeof exchange.noted - used});
        if (take > 0) std::memmove(exchange.noted + used, field->data(), take);
        *field = {exchange.noted + used, take};
        used += take;
    }
}

/// The piece that a fetch or forward command names.
Piece Engine::named_piece(const std::int32_t* command) noexcept {
    Piece piece;
    piece.kind = command[command_word::piece_kind];
    piece.marker = command[command_word::piece_marker];
    std::memcpy(&piece.first, command + command_word::piece_first_low, 8);
    std::memcpy(&piece.end, command + command_word::piece_end_low, 8);
    return piece;
}

/// The piece that the object of a serve command is, to be read from `at` on. False: the command does not fit the object.
bool Engine::read_slices(Slices& slices, const std::int32_t* command, std::uint64_t at, const store::ObjectView& view) noexcept {
    const auto words = arena_.checked(command[command_word::body_offset], command[command_word::body_length]);
    if ((command[command_word::flags] & command_flag::sliced) == 0 || words.size() != 32) return false;
    std::memcpy(&slices.piece.marker, words.data(), 4);
    std::memcpy(&slices.piece.kind, words.data() + 4, 4);
    std::memcpy(&slices.total, words.data() + 8, 8);
    std::memcpy(&slices.piece.first, words.data() + 16, 8);
    std::memcpy(&slices.piece.end, words.data() + 24, 8);
    slices.at = at;
    return slices.piece.holds(at) && slices.piece.end <= slices.total && view.body_length == slices.piece.length();
}

/// Takes up the pieces of a serve command whose object is `view`. False: the command does not fit the object.
bool Engine::begin_slices(Exchange& exchange, const std::int32_t* command, const store::ObjectView& view) noexcept {
    auto slices = std::make_unique<Slices>();
    std::uint64_t first = 0;
    if (exchange.status == 206) std::memcpy(&first, command + command_word::range_first_low, 8);
    if (!read_slices(*slices, command, first, view)) return false;
    exchange.slices = std::move(slices);
    return true;
}

/// The piece has been sent: the policy names the next one.
void Engine::next_slice(Exchange& exchange) noexcept {
    Slices& slices = *exchange.slices;
    slices.at = slices.piece.end;
    exchange.piece = {slices.piece.kind, slices.piece.marker, slices.at, slices.at + exchange.out_left};
    exchange.reader.close();
    queue_follow(exchange, follow_cause::slice, {});
}

/// The policy's answer to that. Whatever does not bring the piece cuts the response short.
void Engine::apply_slice(Exchange& exchange, const std::int32_t* command) noexcept {
    const std::int32_t kind = command[command_word::kind];
    if (kind == command_kind::fetch) {
        fetch_slice(exchange, command);
        return;
    }
    const store::ObjectRef object{static_cast<std::uint32_t>(command[command_word::object]),
                                  static_cast<std::uint32_t>(command[command_word::object_generation])};
    if (kind != command_kind::serve || !store_->pin(options_.worker_index, object)) {
        truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
        return;
    }
    store_->open_reader(options_.worker_index, object, exchange.reader);
    Slices named;
    store::ObjectView view;
    Slices& slices = *exchange.slices;
    if (!store_->view(object, view) || !read_slices(named, command, slices.at, view)) {
        count(counter::policy_faults_total);
        truncate_response(exchange, outcome::internal_error, reason::policy_fault);
        return;
    }
    slices.piece = named.piece;
    resume_slice(exchange);
}

/// Follows the fetch of the piece, or has an exchange without a client begin it.
void Engine::fetch_slice(Exchange& exchange, const std::int32_t* command) noexcept {
    const auto key = command_key(exchange, command);
    Slices& slices = *exchange.slices;
    slices.piece = named_piece(command);
    // A slice is asked for whole, where the last one is shorter.
    slices.piece.end = std::min(slices.piece.end, slices.total);
    if (key.empty() || !slices.piece.holds(slices.at)) {
        truncate_response(exchange, outcome::internal_error, reason::policy_fault);
        return;
    }
    const std::uint64_t hash = siphash13(options_.hash_key, key);
    store::FillRequest request;
    request.hash = hash;
    request.key = key;
    request.worker = options_.worker_index;
    request.now = now_s_;
    const store::FillResult result = store_->begin_fill(request, &exchange.reader);
    if (result.kind == store::FillKind::leader) {
        Exchange* background = begin_background(exchange);
        if (background == nullptr) {
            store_->abort(result.fill, store::AbortCause::failed_before_head);
            truncate_response(exchange, outcome::internal_error, reason::memory);
            return;
        }
        background->fill = result.fill;
        background->fill_object = result.object;
        background->fill_hash = hash;
        start_fetch(*background, command);
    }
    switch (result.kind) {
        case store::FillKind::follower:
            count(counter::collapsed_total);
            [[fallthrough]];
        case store::FillKind::leader:
            exchange.phase = Phase::follow;
            follow_moved(exchange);
            return;
        case store::FillKind::object:
            store_->open_reader(options_.worker_index, result.object, exchange.reader);
            resume_slice(exchange);
            return;
        case store::FillKind::varies:
            store_->unpin(options_.worker_index, result.object);
            break;
        case store::FillKind::pass:
            break;
    }
    truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
}

/// The reader stands on the piece that comes next, whose head is there.
void Engine::resume_slice(Exchange& exchange) noexcept {
    store::ObjectView view;
    const Slices& slices = *exchange.slices;
    if (!store_->view(exchange.reader.object(), view) || view.body_length != slices.piece.length()) {
        truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
        return;
    }
    exchange.reader.range(slices.at - slices.piece.first, store::unknown_length);
    exchange.phase = Phase::respond;
    pump_reader(exchange);
}

}  // namespace parapet
