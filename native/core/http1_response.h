// Reads a response head (RFC 9112 4 to 6) with the same strictness as a request: an origin that misbehaves is caught
// here.
#pragma once
#include <string_view>
#include "http1_fields.h"

namespace parapet::http1 {

/// Reads one response head from `raw`. As `parse_request`, save that
/// - no empty line may come first, and there is no authority, target or path; the method words hold the reason phrase,
///   `code` the status;
/// - `request_method` (a `method_id`) and the status decide the body: none after HEAD, for 1xx, 204, 304, and for 2xx to
///   CONNECT;
/// - the flags `chunked` and `close_delimited` are set only where a body follows in that form; `has_content_length` is
///   set wherever a Content-Length counts, for HEAD and 304 too, and is not for 1xx and 204, which must not have one
///   (RFC 9110 8.6);
/// - `keep_alive` is not set where the connection cannot be used again: it closes, the body ends with it, or a 1xx or
///   204 announced a body that it cannot have;
/// - an interim response (1xx) is `ok` as any other: the caller drops it and reads on with a fresh scan;
/// - `status` of an error is always 502, and no word of the table tells anything; `response_fail_cause` says what the
///   record and Proxy-Status call it.
[[nodiscard]] ParseResult parse_response(std::span<std::uint8_t> raw, HeadScan& scan, std::span<std::int32_t> table,
                                         const HeadLimits& limits, std::int32_t request_method) noexcept;

inline constexpr std::uint32_t no_idle_limit = 0xffffffff;

/// How long a connection may lie idle by the word of its origin, in ms (`timeout` of Keep-Alive, RFC 2068 19.7.1.1):
/// what it says less a second, or half of a shorter time, since the origin counts from another moment. `no_idle_limit`
/// where it says nothing that can be read.
[[nodiscard]] std::uint32_t idle_limit_ms(std::string_view keep_alive) noexcept;

/// The `fail_cause` (RFC 9209 2.3) for a reason that `parse_response` or a `ChunkDecoder` on a response gave.
[[nodiscard]] std::int32_t response_fail_cause(std::int32_t reason) noexcept;

}  // namespace parapet::http1
