// Reads a request head (RFC 9112 2 to 6), strictly: what two readers could take differently is refused, never repaired.
#pragma once
#include "http1_fields.h"

namespace parapet::http1 {

/// Reads one request head from `raw`, whose first byte is the first byte after the last message (up to two CRLFs are
/// skipped).
///
/// - `need_more`: nothing is consumed; call again with the same bytes and more, and the same `scan`. The content of
///   `table` need not be kept in between. Field names may be lower-case in `raw` already.
/// - `ok`: the table is filled as `head_word` says, `raw_offset` left 0 for the caller; all spans lie in the first
///   `consumed` bytes of `raw`, and `raw_length` equals `consumed`. The authority is a copy behind the fields: host in
///   lower case, port in plain decimal, without the colon of an empty port; its offset counts bytes from the start of
///   the table. It has length 0 where an HTTP/1.0 request names no host.
/// - `error`: answer with `status` and close. The words for method and target are valid where their length is not 0;
///   nothing else is.
///
/// An OPTIONS request for an absolute target without path and query has the path "*" (RFC 9112 3.2.4).
/// `Body` is none for a length of 0; the flag `has_content_length` tells it from no length at all.
/// `table` should hold `head_table_words(limits)`; a head that does not fit fails with `reason::memory` and status 500.
[[nodiscard]] ParseResult parse_request(std::span<std::uint8_t> raw, HeadScan& scan, std::span<std::int32_t> table,
                                        const HeadLimits& limits) noexcept;

}  // namespace parapet::http1
