// Any bytes as a request head: what is accepted keeps its promises, no split of the bytes matters, and the head reads
// the same when it is written again from its parts.
#include "fuzz/fuzz_support.h"
#include "test/http1_harness.h"

using namespace parapet;
using namespace parapet::http1::harness;

namespace {

void judge(std::string_view input, const http1::HeadLimits& limits) {
    const HeadOutcome head = read_request_in(input, whole(input), limits);
    fuzz::for_some_splits(input, [&](const Ends& ends) {
        fuzz::require(read_request_in(input, ends, limits) == head, "a split matters");
    });
    if (head.result.state == http1::Parse::error) {
        fuzz::require(head.result.status >= 400 && head.result.reason != reason::none && head.result.consumed == 0,
                      "an error without status or reason");
    }
    if (head.result.state != http1::Parse::ok) return;
    fuzz::require_none(broken_request(head, input.size(), limits));
    const std::string again = written_again(head);
    const http1::HeadLimits wide{static_cast<std::uint32_t>(again.size()), limits.target_bytes_max, limits.fields_max};
    const HeadOutcome second = read_request_in(again, whole(again), wide);
    fuzz::require(second.result.state == http1::Parse::ok && written_again(second) == again,
                  "another request when written again");
    fuzz::require(second.result.body == head.result.body && second.authority() == head.authority(),
                  "framed or routed otherwise when written again");
    fuzz::require(second.word(head_word::flags) == head.word(head_word::flags), "other flags when written again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    judge(input, {16384, 8192, 100});
    judge(input, {160, 32, 4});
    return 0;
}
