#include "ndjson.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "contract.gen.h"

namespace parapet {
namespace {

namespace code = encode::op_code;
namespace at_state = encode::encode_state;

constexpr std::uint32_t fixed_at = ring::frame_header_bytes;
constexpr std::uint32_t table_at = fixed_at + sizeof(RecordFixed);

/// The longest text of a value that is no string: an IPv6 address in quotes, a time with nanoseconds in quotes.
constexpr std::uint32_t value_bytes_max = 48;
constexpr std::uint32_t names_max = 4096;

template <typename T>
T load(const std::uint8_t* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

/// Bytes that a value takes in the frame, 0 for one that is not read from a fixed place.
std::uint32_t source_bytes(std::uint32_t op) noexcept {
    switch (op) {
        case code::u8:
        case code::name8:
        case code::flag: return 1;
        case code::u16:
        case code::name16: return 2;
        case code::u32:
        case code::milliseconds:
        case code::milliseconds_up:
        case code::nanoseconds: return 4;
        case code::u64:
        case code::ray:
        case code::time_unix_nano:
        case code::time_unix:
        case code::time_rfc3339:
        case code::time_rfc3339_ms:
        case code::time_rfc3339_ns: return 8;
        case code::address: return 16;
        default: return 0;
    }
}

struct String {
    const std::uint8_t* at;
    std::uint32_t length;
};

String string_of(const std::uint8_t* frame, std::uint32_t index) noexcept {
    std::uint16_t entry[2];
    std::memcpy(entry, frame + table_at + 4 * index, sizeof entry);
    return {frame + entry[0], entry[1]};
}

/// Items as quoted strings. A separator becomes three bytes, so a list takes no more room than the worst string.
std::uint8_t* put_items(std::uint8_t* out, const std::uint8_t* at, std::uint32_t length) noexcept {
    if (length == 0) return out;
    const std::uint8_t* const end = at + length;
    for (;;) {
        const auto* stop = static_cast<const std::uint8_t*>(std::memchr(at, annotation_separator, static_cast<std::size_t>(end - at)));
        if (stop == nullptr) stop = end;
        *out++ = '"';
        out = text::put_escaped(out, at, static_cast<std::uint32_t>(stop - at));
        *out++ = '"';
        if (stop == end) return out;
        *out++ = ',';
        at = stop + 1;
    }
}

/// Kind of device by the words that browsers put into their User-Agent: a tablet of Android says no "Mobile".
std::uint8_t* put_device(std::uint8_t* out, std::string_view agent) noexcept {
    const auto has = [&](std::string_view word) { return agent.find(word) != std::string_view::npos; };
    const bool is_android = has("Android");
    const bool is_mobile = has("Mobi");
    const bool is_tablet = has("iPad") || has("Tablet") || (is_android && !is_mobile);
    const std::string_view kind = is_tablet ? "\"tablet\"" : is_mobile ? "\"mobile\"" : "\"desktop\"";
    std::memcpy(out, kind.data(), kind.size());
    return out + kind.size();
}

}  // namespace

LineProgram::Op LineProgram::op_at(std::uint32_t index) const noexcept {
    return load<Op>(bytes_ + encode::program_header_bytes + std::size_t{index} * encode::op_bytes);
}

bool LineProgram::open(std::span<const std::uint8_t> bytes) noexcept {
    bytes_ = bytes.data();
    size_ = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), 0x7fffffff));
    if (size_ < encode::program_header_bytes + text::text_slack) return false;
    if (load<std::uint32_t>(bytes_ + encode::program_header::version) != encode::program_version) return false;
    if (load<std::uint32_t>(bytes_ + encode::program_header::bytes) != size_) return false;
    op_count_ = load<std::uint32_t>(bytes_ + encode::program_header::op_count);
    dataset_ = load<std::uint32_t>(bytes_ + encode::program_header::dataset);
    if (op_count_ == 0 || op_count_ > encode::ops_max) return false;
    if (encode::program_header_bytes + op_count_ * encode::op_bytes > size_) return false;
    size_ -= text::text_slack;  // of which only whole words that reach over the end are read
    fixed_bytes_max_ = text::text_slack;
    std::uint32_t uses[record_string_count] = {};
    for (std::uint32_t index = 0; index < op_count_; ++index) {
        const Op op = op_at(index);
        if ((op.code == code::end) != (index + 1 == op_count_) || !check(op, uses)) return false;
    }
    // Six bytes for each byte of each string (\u00XX), as often as the program names the string.
    string_factor_ = 6 * *std::max_element(uses, uses + record_string_count);
    return true;
}

bool LineProgram::check(const Op& op, std::uint32_t (&uses)[record_string_count]) noexcept {
    if (op.literal_offset > size_ || op.literal_length > size_ - op.literal_offset) return false;
    fixed_bytes_max_ += op.literal_length + value_bytes_max;
    if (op.code == code::string || op.code == code::list || op.code == code::uri) {
        const std::uint32_t strings = op.code == code::uri ? 2 : 1;
        if (op.source + strings > record_string_count) return false;
        for (std::uint32_t index = op.source; index < op.source + strings; ++index) ++uses[index];
        return true;
    }
    if (op.code == code::device) return op.source < record_string_count;
    if (op.code > code::flag) return false;  // those behind it were told apart above
    if (op.source + source_bytes(op.code) > table_at) return false;
    return (op.code != code::name8 && op.code != code::name16) || check_names(op.extra);
}

bool LineProgram::check_names(std::uint32_t at) noexcept {
    if (at > size_ - 4) return false;
    const auto count = load<std::uint32_t>(bytes_ + at);
    if (count > names_max || (std::uint64_t{count} + 1) * encode::name_table_entry_bytes > size_ - at - 4) return false;
    std::uint32_t longest = 0;
    for (std::uint32_t index = 0; index <= count; ++index) {
        const std::uint8_t* entry = bytes_ + at + 4 + index * encode::name_table_entry_bytes;
        const auto offset = load<std::uint32_t>(entry);
        const auto length = load<std::uint32_t>(entry + 4);
        if (offset > size_ || length > size_ - offset) return false;
        longest = std::max(longest, length);
    }
    fixed_bytes_max_ += longest;
    return true;
}

std::uint8_t* LineProgram::put_name(std::uint8_t* out, std::uint32_t table, std::uint32_t index) const noexcept {
    const std::uint32_t row = std::min(index, load<std::uint32_t>(bytes_ + table));
    const std::uint8_t* entry = bytes_ + table + 4 + row * encode::name_table_entry_bytes;
    return text::put_literal(out, bytes_ + load<std::uint32_t>(entry), load<std::uint32_t>(entry + 4));
}

std::uint8_t* LineProgram::run(const std::uint8_t* frame, std::uint8_t* out) noexcept {
    using namespace text;
    constexpr std::uint64_t ns_per_second = 1'000'000'000;
    for (std::uint32_t index = 0;; ++index) {
        const Op op = op_at(index);
        out = put_literal(out, bytes_ + op.literal_offset, op.literal_length);
        const std::uint8_t* value = frame + op.source;
        switch (op.code) {
            case code::u8: out = put_small(out, *value); break;
            case code::u16: out = put_small(out, load<std::uint16_t>(value)); break;
            case code::u32: out = put_u64(out, load<std::uint32_t>(value)); break;
            case code::u64: out = put_u64(out, load<std::uint64_t>(value)); break;
            case code::milliseconds: out = put_small(out, (load<std::uint32_t>(value) / 100 + 5) / 10); break;
            case code::milliseconds_up: out = put_u64(out, (std::uint64_t{load<std::uint32_t>(value)} + 999) / 1000); break;
            case code::nanoseconds: out = put_u64(out, std::uint64_t{load<std::uint32_t>(value)} * 1000); break;
            case code::time_unix_nano: out = put_u64(out, load<std::uint64_t>(value)); break;
            case code::time_unix: out = put_u64(out, load<std::uint64_t>(value) / ns_per_second); break;
            case code::time_rfc3339: out = times_.put(out, load<std::uint64_t>(value), 0); break;
            case code::time_rfc3339_ms: out = times_.put(out, load<std::uint64_t>(value), 3); break;
            case code::time_rfc3339_ns: out = times_.put(out, load<std::uint64_t>(value), 9); break;
            case code::ray: {
                const auto ray = load<std::uint64_t>(value);
                *out++ = '"';
                if (ray != 0) out = put_hex16(out, ray);
                *out++ = '"';
                break;
            }
            case code::address: out = put_quoted_address(out, value); break;
            case code::string: {
                const String string = string_of(frame, op.source);
                *out++ = '"';
                out = put_escaped(out, string.at, string.length);
                *out++ = '"';
                break;
            }
            case code::list: {
                const String string = string_of(frame, op.source);
                *out++ = '[';
                out = put_items(out, string.at, string.length);
                *out++ = ']';
                break;
            }
            case code::uri: {
                const String path = string_of(frame, op.source);
                const String query = string_of(frame, op.source + 1u);
                *out++ = '"';
                out = put_escaped(out, path.at, path.length);
                // The flag tells an empty query from none.
                const bool has_query = (frame[fixed_at + offsetof(RecordFixed, flags)] & record_flag::has_query) != 0;
                if (has_query || query.length != 0) *out++ = '?';
                out = put_escaped(out, query.at, query.length);
                *out++ = '"';
                break;
            }
            case code::device: {
                const String agent = string_of(frame, op.source);
                out = put_device(out, {reinterpret_cast<const char*>(agent.at), agent.length});
                break;
            }
            case code::name8: out = put_name(out, op.extra, *value); break;
            case code::name16: out = put_name(out, op.extra, load<std::uint16_t>(value)); break;
            case code::flag: {
                const bool is_set = (*value & op.extra) != 0;
                std::memcpy(out, is_set ? "true" : "false", is_set ? 4 : 5);
                out += is_set ? 4 : 5;
                break;
            }
            default: return out;  // code::end
        }
    }
}

}  // namespace parapet
