// Any bytes as a chunked body: no split matters, and what comes out reads the same when it is chunked again.
#include <cstdio>

#include "fuzz/fuzz_support.h"
#include "test/http1_harness.h"

using namespace parapet;
using namespace parapet::http1::harness;

namespace {

std::string chunked_again(const ChunkOutcome& outcome) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", outcome.body.size());
    const std::string chunk = outcome.body.empty() ? "" : size + outcome.body + "\r\n";
    return chunk + "0\r\n" + outcome.trailers + "\r\n";
}

void judge(std::string_view input, const http1::ChunkLimits& limits, std::size_t kept) {
    const ChunkOutcome outcome = read_chunks_in(input, whole(input), limits, kept);
    fuzz::require_none(outcome.broken);
    fuzz::require(
        outcome.consumed <= input.size() && outcome.body.size() <= outcome.consumed && outcome.trailers.size() <= kept,
        "more out than in");
    fuzz::for_some_splits(input, [&](const Ends& ends) {
        const ChunkOutcome other = read_chunks_in(input, ends, limits, kept);
        fuzz::require_none(other.broken);
        fuzz::require(other == outcome, "a split matters");
    });
    if (outcome.event == http1::ChunkEvent::error)
        fuzz::require(outcome.status >= 400 && outcome.reason != reason::none, "an error without status or reason");
    if (outcome.event == http1::ChunkEvent::need_more)
        fuzz::require(outcome.consumed == input.size(), "waits, but bytes are left");
    if (outcome.event != http1::ChunkEvent::end) return;
    const std::string again = chunked_again(outcome);
    const http1::ChunkLimits wide{limits.extension_bytes_max, static_cast<std::uint32_t>(again.size()),
                                  limits.trailer_fields_max};
    const ChunkOutcome second = read_chunks_in(again, whole(again), wide, kept);
    const bool is_same = second.event == http1::ChunkEvent::end && second.body == outcome.body &&
                         second.trailers == outcome.trailers;
    fuzz::require(is_same && second.consumed == again.size(), "another body when chunked again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    judge(input, {}, http1::kept_trailer_bytes({}));
    judge(input, {12, 40, 2}, 24);
    judge(input, {}, 0);
    return 0;
}
