// Every split of an input into reads gives the same result: all cuts in two, byte by byte, and many random cuts, over
// the stored fuzz corpora and some inputs made here, under wide limits and under tight ones.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "test/check.h"
#include "test/http1_harness.h"

using namespace parapet;
using namespace parapet::http1::harness;
using http1::ChunkLimits;
using http1::HeadLimits;

namespace {

constexpr int random_cuts = 40;
constexpr HeadLimits wide{16384, 8192, 100};
constexpr HeadLimits tight{120, 24, 4};

std::vector<std::string> corpus(const char* name) {
    const auto folder = std::filesystem::path(__FILE__).parent_path().parent_path() / "fuzz" / "corpus" / name;
    std::vector<std::string> inputs;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        std::ifstream file(entry.path(), std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    std::sort(inputs.begin(), inputs.end());
    return inputs;
}

/// Reads each input in every way; answers the first for which a split matters, or "".
template <typename Read>
std::string first_split_that_matters(const std::vector<std::string>& inputs, const Read& read) {
    std::uint64_t seed = 0x9e3779b97f4a7c15ull;
    for (const std::string& input : inputs) {
        const auto expected = read(input, whole(input));
        std::vector<Ends> ways{each_byte(input)};
        for (std::size_t cut = 0; cut <= input.size(); ++cut) ways.push_back({cut, input.size()});
        for (int i = 0; i < random_cuts; ++i) ways.push_back(some_cuts(input, seed));
        for (const Ends& ends : ways) {
            if (read(input, ends) == expected) continue;
            std::string told = input + "\ncut at";
            for (const std::size_t end : ends) told += " " + std::to_string(end);
            return told;
        }
    }
    return "";
}

/// A head with long parts, so that scans stop inside of each.
std::string long_head(const std::string& first_line) {
    return first_line + "\r\nHost: " + std::string(60, 'H') + ".example\r\n" + std::string(50, 'N') + ": \t" +
           std::string(90, 'v') + " \r\nCookie: a=b; c=d\r\nX_y: \r\n\r\n";
}

}  // namespace

TEST(requests_are_the_same_however_they_are_cut) {
    std::vector<std::string> inputs = corpus("request");
    CHECK(inputs.size() > 40);
    inputs.push_back(long_head("GET /" + std::string(100, 'p') + "?" + std::string(40, 'q') + " HTTP/1.1"));
    inputs.push_back("\r\n\r\n" + long_head("OPTIONS http://a:1 HTTP/1.1") + "GET / HTTP/1.1\r\n");
    for (const HeadLimits& limits : {wide, tight}) {
        CHECK_EQ(
            first_split_that_matters(inputs, [&](const std::string& input,
                                                 const Ends& ends) { return read_request_in(input, ends, limits); }),
            std::string());
    }
}

TEST(responses_are_the_same_however_they_are_cut) {
    std::vector<std::string> inputs = corpus("response");
    CHECK(inputs.size() > 20);
    inputs.push_back(long_head("HTTP/1.1 200 " + std::string(70, 'r')));
    for (const std::int32_t method : {method_id::get, method_id::head, method_id::connect}) {
        for (const HeadLimits& limits : {wide, tight}) {
            CHECK_EQ(first_split_that_matters(inputs,
                                              [&](const std::string& input, const Ends& ends) {
                                                  return read_response_in(input, ends, limits, method);
                                              }),
                     std::string());
        }
    }
}

TEST(chunked_bodies_are_the_same_however_they_are_cut) {
    std::vector<std::string> inputs = corpus("chunk");
    CHECK(inputs.size() > 20);
    inputs.push_back("40;name=\"va\\\"lue\"\r\n" + std::string(64, 'x') +
                     "\r\n0\r\nA-Trailer:  " + std::string(40, 'v') + "  \r\nHost: x\r\n\r\nGET");
    for (const ChunkLimits& limits : {ChunkLimits{}, ChunkLimits{8, 24, 2}}) {
        for (const std::size_t kept : {http1::kept_trailer_bytes(ChunkLimits{}), std::size_t{16}, std::size_t{0}}) {
            CHECK_EQ(first_split_that_matters(inputs,
                                              [&](const std::string& input, const Ends& ends) {
                                                  return read_chunks_in(input, ends, limits, kept);
                                              }),
                     std::string());
        }
    }
}

TEST(what_is_accepted_keeps_its_promises_and_reads_the_same_when_written_again) {
    int accepted = 0;
    for (const std::string& input : corpus("request")) {
        const HeadOutcome head = read_request_in(input, whole(input), wide);
        if (head.result.state != http1::Parse::ok) continue;
        CHECK_EQ(
            std::string(broken_request(head, input.size(), wide) == nullptr ? ""
                                                                            : broken_request(head, input.size(), wide)),
            std::string());
        ++accepted;
        const std::string again = written_again(head);
        const HeadOutcome second = read_request_in(again, whole(again), wide);
        CHECK(second.result.state == http1::Parse::ok);
        CHECK_EQ(written_again(second), again);
        CHECK_EQ(second.word(head_word::flags), head.word(head_word::flags));
        CHECK_EQ(second.authority(), head.authority());
    }
    CHECK(accepted > 15);
}

PARAPET_TEST_MAIN
