// What the HTTP/1 parsers have in common: limits, results, and the state that lets a head be read in pieces.
//
// What always holds: a parser reads from left to right and reports the first fault that it meets, so every split of
// the same bytes into reads gives the same result. No parser allocates, throws, or touches bytes outside its span.
#pragma once
#include <cstdint>
#include <span>
#include "contract.gen.h"

namespace parapet::http1 {

struct HeadLimits {
    /// Bytes of a head, leading CRLFs and the final empty line included; what is above 2^23 - 1 counts as that.
    std::uint32_t head_bytes_max;
    std::uint32_t target_bytes_max;
    std::uint32_t fields_max;
};

/// A host name longer than this is refused: DNS knows none, and the table needs a bound (RFC 1035 2.3.4).
inline constexpr std::uint32_t host_bytes_max = 255;
/// Host, colon, five digits.
inline constexpr std::uint32_t authority_bytes_max = host_bytes_max + 6;

/// Words that the table of a head can need under these limits.
constexpr std::uint32_t head_table_words(const HeadLimits& limits) noexcept {
    return static_cast<std::uint32_t>(head_words) + limits.fields_max * static_cast<std::uint32_t>(field_words) +
           (authority_bytes_max + 3) / 4;
}

/// Content-Length, and what a chunk may announce, stay where JavaScript counts exactly.
inline constexpr std::uint64_t length_max = (std::uint64_t{1} << 53) - 1;

enum class Parse : std::int32_t { need_more, ok, error };

/// How the end of the message's body is found (RFC 9112 6.3).
enum class Body : std::uint8_t {
    none,
    /// By the length in the head's content length words, at least 1.
    length,
    chunked,
    /// By the end of the connection; responses only.
    close_delimited,
};

struct ParseResult {
    Parse state = Parse::need_more;
    Body body = Body::none;
    /// Status to answer with, for `error`.
    std::uint16_t status = 0;
    /// Bytes of the head, for `ok`; 0 otherwise.
    std::uint32_t consumed = 0;
    /// Row of `reason`, for `error`.
    std::int32_t reason = reason::none;
};

/// Where the reading of an incomplete head stopped. Value-initialise it for each message and hand it in unchanged with
/// the same bytes and more behind them; the bytes may have moved. With it, a head that comes byte by byte costs as much
/// time as its length twice over. The parser resets it when it answers `ok`. Its members belong to the parser.
struct HeadScan {
    /// First byte that has not been judged yet.
    std::uint32_t scanned = 0;
    /// Start of the line that is being read.
    std::uint32_t line = 0;
    /// In the start line: end of its first or second part. In a field line: its colon. 0: not found yet.
    std::uint32_t mark = 0;
    std::uint32_t field_count = 0;
    /// Bit per known name, as in the head.
    std::uint64_t known = 0;
    std::uint64_t content_length = 0;
    std::uint32_t flags = 0;
    std::uint32_t code = 0;
    std::uint8_t version = 0;
    std::uint8_t leading = 0;
    bool in_fields = false;
};

}  // namespace parapet::http1
