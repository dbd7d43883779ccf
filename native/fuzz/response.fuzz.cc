// Any bytes as a response head, to requests whose methods matter for the body.
#include "fuzz/fuzz_support.h"
#include "test/http1_harness.h"

using namespace parapet;
using namespace parapet::http1::harness;

namespace {

void judge(std::string_view input, const http1::HeadLimits& limits, std::int32_t method) {
    const HeadOutcome head = read_response_in(input, whole(input), limits, method);
    fuzz::for_some_splits(input, [&](const Ends& ends) {
        fuzz::require(read_response_in(input, ends, limits, method) == head, "a split matters");
    });
    if (head.result.state == http1::Parse::error) {
        fuzz::require(head.result.status == 502 && head.result.reason != reason::none && head.result.consumed == 0,
                      "an error without status or reason");
    }
    if (head.result.state != http1::Parse::ok) return;
    fuzz::require_none(broken_head(head, input.size(), limits));
    const std::int32_t status = head.word(head_word::code);
    fuzz::require(status >= 100 && status <= 599, "a status out of range");
    const bool has_no_body = method == method_id::head || status < 200 || status == 204 || status == 304;
    fuzz::require(!has_no_body || head.result.body == http1::Body::none, "a body where there is none");
    const bool ends_with_connection = head.result.body == http1::Body::close_delimited;
    fuzz::require(ends_with_connection == head.has(head_flag::close_delimited), "close-delimited, but not so read");
    fuzz::require(!(ends_with_connection && head.has(head_flag::keep_alive)), "kept alive, but ended by close");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (const std::int32_t method : {method_id::get, method_id::head, method_id::connect})
        judge(input, {16384, 8192, 100}, method);
    judge(input, {120, 0, 4}, method_id::get);
    return 0;
}
