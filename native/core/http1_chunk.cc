#include "http1_chunk.h"

#include <algorithm>
#include <string_view>
#include "http1_scan.h"
#include "known_names.gen.h"

namespace parapet::http1 {
namespace {

constexpr std::uint32_t size_digits_max = 16;
constexpr std::uint8_t not_hex = 255;

std::uint8_t hex_value(std::uint8_t c) noexcept {
    if (is_digit(c)) return static_cast<std::uint8_t>(c - '0');
    const auto letter = static_cast<std::uint8_t>(c | 0x20);
    return letter >= 'a' && letter <= 'f' ? static_cast<std::uint8_t>(letter - 'a' + 10) : not_hex;
}

std::int32_t fault(std::uint8_t c, std::int32_t reason) noexcept { return c == '\n' ? reason::bare_line_feed : reason; }

std::uint16_t status_of(std::int32_t reason) noexcept {
    return reason == reason::head_too_large || reason == reason::too_many_fields ? 431 : 400;
}

/// Only names that no recipient acts upon before the body are passed on (RFC 9110 6.5.1): a name that this proxy knows
/// means something to it, save those defined for trailers too (RFC 9110 8.8.3, RFC 9211 2, RFC 9209 2).
bool may_forward(const std::uint8_t* name, std::uint32_t length) noexcept {
    const auto id = static_cast<std::int32_t>(known_name_id(name, length));
    if (id != 0) return id == known::etag || id == known::cache_status || id == known::proxy_status;
    const std::string_view text(reinterpret_cast<const char*>(name), length);
    if (text == "content-digest") return true;
    constexpr std::string_view prefixes[] = {"content-", "access-control-", "x-forwarded-", "sec-", "set-cookie"};
    return std::none_of(std::begin(prefixes), std::end(prefixes),
                        [&](std::string_view prefix) { return text.starts_with(prefix); });
}

}  // namespace

ChunkStep ChunkDecoder::feed(std::span<const std::uint8_t> in) noexcept {
    const std::uint8_t* const base = in.data();
    const std::uint8_t* const end = base + in.size();
    const std::uint8_t* p = base;
    const auto consumed = [&] { return static_cast<std::uint32_t>(p - base); };
    if (state_ == State::failed) return fail(reason::bad_chunk, 0);
    while (p != end && state_ != State::done) {
        if (state_ == State::data) {
            const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, in.size() - consumed()));
            const std::span<const std::uint8_t> data = in.subspan(consumed(), length);
            p += length;
            remaining_ -= length;
            body_bytes_ += length;
            if (remaining_ == 0) state_ = State::data_return;
            return {ChunkEvent::data, 0, reason::none, consumed(), data};
        }
        if (const Reason reason = step(*p); reason != reason::none) return fail(reason, consumed());
        ++p;
    }
    return {state_ == State::done ? ChunkEvent::end : ChunkEvent::need_more, 0, reason::none, consumed(), {}};
}

ChunkStep ChunkDecoder::fail(Reason reason, std::uint32_t consumed) noexcept {
    state_ = State::failed;
    return {ChunkEvent::error, status_of(reason), reason, consumed, {}};
}

ChunkDecoder::Reason ChunkDecoder::step(std::uint8_t byte) noexcept {
    switch (state_) {
        case State::size_first:
        case State::size: return step_size(byte);
        case State::size_line_feed:
            if (byte != '\n') return reason::bare_carriage_return;
            state_ = remaining_ == 0 ? State::trailer_start : State::data;
            return reason::none;
        case State::data_return:
            if (byte != '\r') return fault(byte, reason::bad_chunk);
            state_ = State::data_line_feed;
            return reason::none;
        case State::data_line_feed:
            if (byte != '\n') return reason::bare_carriage_return;
            state_ = State::size_first;
            return reason::none;
        case State::trailer_start:
        case State::trailer_name:
        case State::trailer_value_start:
        case State::trailer_value:
        case State::trailer_line_feed:
        case State::final_line_feed: return step_trailer(byte);
        default: return step_extension(byte);
    }
}

ChunkDecoder::Reason ChunkDecoder::step_size(std::uint8_t byte) noexcept {
    const std::uint8_t value = hex_value(byte);
    if (value != not_hex) {
        if (state_ == State::size_first) {
            remaining_ = 0;
            size_digits_ = 0;
            line_extension_bytes_ = 0;
            state_ = State::size;
        }
        if (size_digits_ == size_digits_max) return reason::bad_chunk;
        ++size_digits_;
        remaining_ = remaining_ * 16 + value;
        return remaining_ > length_max ? reason::bad_chunk : reason::none;
    }
    if (state_ == State::size_first) return fault(byte, reason::bad_chunk);
    if (byte == '\r') {
        state_ = State::size_line_feed;
        return reason::none;
    }
    state_ = State::extension_gap;
    return step_extension(byte);
}

ChunkDecoder::Reason ChunkDecoder::count_extension() noexcept {
    ++extension_bytes_;
    ++line_extension_bytes_;
    const bool is_too_long = line_extension_bytes_ > limits_.extension_bytes_max;
    return is_too_long || extension_bytes_ > extension_bytes_allowance + body_bytes_ ? reason::bad_chunk : reason::none;
}

// RFC 9112 7.1.1: chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ). What extensions say is
// ignored.
ChunkDecoder::Reason ChunkDecoder::step_extension(std::uint8_t byte) noexcept {
    const bool may_end = state_ == State::extension_name || state_ == State::extension_token ||
                         state_ == State::extension_after;
    if (byte == '\r' && may_end) {
        state_ = State::size_line_feed;
        return reason::none;
    }
    if (const Reason reason = count_extension(); reason != reason::none) return reason;
    State next = State::failed;
    switch (state_) {
        case State::extension_gap:
            if (is_blank(byte)) next = State::extension_gap;
            if (byte == ';') next = State::extension_start;
            break;
        case State::extension_start:
            if (is_blank(byte)) next = State::extension_start;
            if (is_token_byte(byte)) next = State::extension_name;
            break;
        case State::extension_name:
        case State::extension_equals:
            if (is_blank(byte)) next = State::extension_equals;
            if (is_token_byte(byte) && state_ == State::extension_name) next = State::extension_name;
            if (byte == '=') next = State::extension_value_start;
            if (byte == ';') next = State::extension_start;
            break;
        case State::extension_value_start:
            if (is_blank(byte)) next = State::extension_value_start;
            if (is_token_byte(byte)) next = State::extension_token;
            if (byte == '"') next = State::extension_quoted;
            break;
        case State::extension_token:
        case State::extension_after:
            if (is_blank(byte)) next = State::extension_gap;
            if (is_token_byte(byte) && state_ == State::extension_token) next = State::extension_token;
            if (byte == ';') next = State::extension_start;
            break;
        case State::extension_quoted:
            if (is_value_byte(byte)) next = State::extension_quoted;
            if (byte == '\\') next = State::extension_escape;
            if (byte == '"') next = State::extension_after;
            break;
        case State::extension_escape:
            if (is_value_byte(byte)) next = State::extension_quoted;
            break;
        default: break;
    }
    if (next == State::failed) return fault(byte, reason::bad_chunk);
    state_ = next;
    return reason::none;
}

// RFC 9112 7.1.2. The rules are those of head fields; names come out in lower case, values trimmed.
ChunkDecoder::Reason ChunkDecoder::step_trailer(std::uint8_t byte) noexcept {
    if (state_ == State::final_line_feed) {
        if (byte != '\n') return reason::bare_carriage_return;
        state_ = State::done;
        return reason::none;
    }
    if (state_ == State::trailer_start && byte == '\r') {
        state_ = State::final_line_feed;
        return reason::none;
    }
    if (trailer_bytes_ == limits_.trailer_bytes_max) return reason::head_too_large;
    ++trailer_bytes_;
    switch (state_) {
        case State::trailer_start: return begin_trailer(byte);
        case State::trailer_name:
            if (byte == ':') return end_trailer_name();
            if (!is_token_byte(byte))
                return fault(byte, is_blank(byte) ? reason::space_before_colon : reason::bad_trailer);
            return keep(token_lower[byte]);
        case State::trailer_value_start:
            if (is_blank(byte)) return reason::none;
            state_ = State::trailer_value;
            [[fallthrough]];
        case State::trailer_value:
            if (!is_value_byte(byte)) return end_trailer_value(byte);
            return keep(byte);
        default:
            if (byte != '\n') return reason::bare_carriage_return;
            if (!drops_line_) kept_used_ = line_end_;
            state_ = State::trailer_start;
            return reason::none;
    }
}

ChunkDecoder::Reason ChunkDecoder::begin_trailer(std::uint8_t byte) noexcept {
    if (is_blank(byte)) return reason::obs_fold;
    if (!is_token_byte(byte)) return fault(byte, reason::bad_trailer);
    if (trailer_fields_ == limits_.trailer_fields_max) return reason::too_many_fields;
    ++trailer_fields_;
    state_ = State::trailer_name;
    drops_line_ = kept_.empty();
    line_end_ = kept_used_;
    return keep(token_lower[byte]);
}

ChunkDecoder::Reason ChunkDecoder::end_trailer_name() noexcept {
    state_ = State::trailer_value_start;
    if (drops_line_ || !may_forward(kept_.data() + kept_used_, line_end_ - kept_used_)) {
        drops_line_ = true;
        return reason::none;
    }
    if (const Reason reason = keep(':'); reason != reason::none) return reason;
    const Reason reason = keep(' ');
    value_start_ = line_end_;
    return reason;
}

ChunkDecoder::Reason ChunkDecoder::end_trailer_value(std::uint8_t byte) noexcept {
    if (byte != '\r') return fault(byte, reason::bad_trailer);
    state_ = State::trailer_line_feed;
    if (drops_line_) return reason::none;
    while (line_end_ > value_start_ && is_blank(kept_[line_end_ - 1])) --line_end_;
    if (const Reason reason = keep('\r'); reason != reason::none) return reason;
    return keep('\n');
}

ChunkDecoder::Reason ChunkDecoder::keep(std::uint8_t byte) noexcept {
    if (drops_line_) return reason::none;
    if (line_end_ == kept_.size()) return reason::head_too_large;
    kept_[line_end_++] = byte;
    return reason::none;
}

}  // namespace parapet::http1
