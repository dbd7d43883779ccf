#include "stored_head.h"

#include <algorithm>
#include <cstring>

#include "contract.gen.h"

namespace parapet {

StoredPrefix prefix_of(store::Bytes head) noexcept {
    StoredPrefix prefix;
    if (head.size() >= sizeof prefix) std::memcpy(&prefix, head.data(), sizeof prefix);
    return prefix;
}

std::string_view lines_of(store::Bytes head) noexcept {
    if (head.size() < sizeof(StoredPrefix)) return {};
    return {reinterpret_cast<const char*>(head.data()) + sizeof(StoredPrefix), head.size() - sizeof(StoredPrefix)};
}

std::string_view sent_lines_of(store::Bytes head) noexcept {
    const std::string_view lines = lines_of(head);
    return lines.substr(0, lines.size() - std::min<std::size_t>(prefix_of(head).own_bytes, lines.size()));
}

namespace {
bool is_own(std::string_view name) noexcept { return name == "parapet-cache-control" || name == "cloudflare-cdn-cache-control"; }
}  // namespace

void write_prefix(ByteSink& out) noexcept {
    StoredPrefix prefix;
    std::uint8_t* const first = out.begin() + sizeof prefix;
    const std::string_view lines(reinterpret_cast<const char*>(first), out.size() - sizeof prefix);
    std::size_t at = 0;
    while (at < lines.size() - prefix.own_bytes) {
        const std::size_t end = lines.find("\r\n", at);
        if (end == std::string_view::npos) break;
        const std::string_view line = lines.substr(at, end - at);
        const std::size_t colon = line.find(": ");
        if (is_own(line.substr(0, colon))) {
            // To the end: what follows is at its place now.
            std::rotate(first + at, first + end + 2, first + lines.size());
            prefix.own_bytes += static_cast<std::uint32_t>(end + 2 - at);
            continue;
        }
        if (colon != std::string_view::npos && at + colon + 2 < 65536 && line.size() - colon - 2 < 65536) {
            const auto offset = static_cast<std::uint16_t>(at + colon + 2);
            const auto length = static_cast<std::uint16_t>(line.size() - colon - 2);
            const std::string_view name = line.substr(0, colon);
            if (name == "content-type") prefix.type_offset = offset, prefix.type_length = length;
            if (name == "expires") prefix.expires_offset = offset, prefix.expires_length = length;
            if (name == "last-modified") prefix.modified_offset = offset, prefix.modified_length = length;
            if (name == "server") {
                prefix.server_length = prefix.server_offset == 0 ? length : StoredPrefix::several;
                prefix.server_offset = offset;
            }
        }
        at = end + 2;
    }
    std::memcpy(out.begin(), &prefix, sizeof prefix);
}

void write_answer(std::int32_t* at, const StoreAnswer& answer) noexcept {
    const auto set = [at](std::int32_t word, std::uint32_t value) { at[word - event_word::store_state] = static_cast<std::int32_t>(value); };
    set(event_word::store_state, static_cast<std::uint32_t>(answer.state));
    set(event_word::object, answer.ref.index);
    set(event_word::object_generation, answer.ref.generation);
    set(event_word::stored_at, answer.meta.stored_at);
    set(event_word::fresh_until, answer.meta.fresh_until);
    set(event_word::stale_while_revalidate_until, answer.meta.stale_while_revalidate_until);
    set(event_word::stale_if_error_until, answer.meta.stale_if_error_until);
    set(event_word::object_flags, answer.meta.flags);
    set(event_word::age_at_store, answer.meta.age_at_store);
    set(event_word::object_status, answer.meta.status);
    set(event_word::object_body_low, static_cast<std::uint32_t>(answer.body_length));
    set(event_word::object_body_high, static_cast<std::uint32_t>(answer.body_length >> 32));
}

}  // namespace parapet
