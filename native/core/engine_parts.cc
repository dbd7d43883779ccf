// Responses of several ranges: their bytes are gathered from the store, with what stands between the parts, a buffer at a time.
#include <algorithm>

#include "engine.h"

namespace parapet {

/// Takes up the parts that a serve command names, for an object of `size` bytes. False: the command is faulty.
bool Engine::begin_parts(Exchange& exchange, const std::int32_t* command, std::string_view type, std::uint64_t size) noexcept {
    const auto words = arena_.checked(command[command_word::body_offset], command[command_word::body_length]);
    auto multipart = std::make_unique<Multipart>();
    if (size == store::unknown_length || !multipart->read(words, size)) return false;
    // Nobody who could choose the body knows the secret of the process.
    std::uint8_t text[32];
    ByteSink boundary(text, sizeof text);
    const std::uint64_t seeds[2] = {exchange.ray, now_ns_};
    const auto bytes = std::span<const std::uint8_t>(reinterpret_cast<const std::uint8_t*>(seeds), sizeof seeds);
    boundary.hex16(siphash13(options_.hash_key, bytes));
    boundary.hex16(siphash13(options_.hash_key, bytes.first(8)));
    multipart->describe(type, {reinterpret_cast<const char*>(text), sizeof text});
    edits_.set_value(known::content_type, multipart->type());
    exchange.multipart = std::move(multipart);
    return true;
}

/// Lets the reader stand at a position, also where it has passed that. False: the object is lost.
bool Engine::stand_at(Exchange& exchange, std::uint64_t first, std::uint64_t last) noexcept {
    if (first < exchange.reader.position()) {
        const store::ObjectRef object = exchange.reader.object();
        if (!store_->pin(options_.worker_index, object)) return false;
        exchange.reader.close();
        store_->open_reader(options_.worker_index, object, exchange.reader);
    }
    exchange.reader.range(first, last);
    return true;
}

void Engine::pump_parts(Exchange& exchange) noexcept {
    const std::uint32_t generation = exchange.generation;
    for (int budget = 8; budget > 0; --budget) {
        if (exchange.phase != Phase::respond || exchange.generation != generation || exchange.client == nullptr) return;
        if (!exchange.client->out.empty()) return;
        Multipart& multipart = *exchange.multipart;
        ByteSink out(build_.data(), build_.size());
        bool final = false;
        store::ReadState state = store::ReadState::data;
        while (!final && out.size() < body_read_bytes) {
            const Multipart::Part* part = multipart.current();
            if (part == nullptr) {
                multipart.write_end(out);
                final = true;
            } else if (!multipart.is_open()) {
                multipart.open(out);
                if (!stand_at(exchange, part->first, part->last)) state = store::ReadState::aborted;
            } else {
                store::Bytes bytes;
                state = exchange.reader.next(bytes);
                const std::size_t take = std::min<std::size_t>(bytes.size(), body_read_bytes - out.size());
                if (take > 0) {
                    out.put(bytes.first(take));
                    exchange.reader.advance(take);
                } else if (state == store::ReadState::end) {
                    multipart.close();
                }
            }
            if (state == store::ReadState::wait || state == store::ReadState::aborted) break;
        }
        if (out.overflow()) {
            truncate_response(exchange, outcome::internal_error, reason::memory);
            return;
        }
        if (out.size() > 0) {
            const Sent sent = deliver(exchange, out.written(), final);
            if (sent == Sent::gone || final || exchange.generation != generation) return;
            if (sent == Sent::blocked) return;
        }
        if (state == store::ReadState::wait) {
            wait_on_entry(exchange, exchange.reader.object().index);
            return;
        }
        if (state == store::ReadState::aborted) {
            truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
            return;
        }
    }
    client_again(*exchange.client);
}

}  // namespace parapet
