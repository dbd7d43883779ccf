// What it costs to read a head: nanoseconds per request or response head, best and median of several rounds, one
// thread. Run it from the root of the repository:
//
//   g++ -std=c++20 -O2 -fno-rtti -Inative bench/micro/http1_parse.cc native/core/http1_*.cc -o build/http1_parse &&
//   build/http1_parse
//
// Each round reads the head from a fresh copy, as names are lowered where they lie; the copy is a part of what is
// timed, and shown alone in the row `copy`. The answers are checked before anything is timed.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "core/http1_chunk.h"
#include "core/http1_request.h"
#include "core/http1_response.h"

using namespace parapet;

namespace {

constexpr http1::HeadLimits limits{16384, 8192, 100};
constexpr int rounds = 15;
constexpr int heads_per_round = 200'000;

std::int32_t table[http1::head_table_words(limits)];

const std::string small_request =
    "GET /object/1k?id=42 HTTP/1.1\r\nHost: bench.example:8080\r\nUser-Agent: wrk/4.2.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n";
const std::string browser_request =
    "GET /assets/app/main.css?v=20261103 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
    "Accept: text/css,*/*;q=0.1\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: style\r\n"
    "Referer: https://www.example.com/products/list?page=3\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r\n\r\n";
const std::string origin_response =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Tue, 03 Nov 2026 10:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 1024\r\n"
    "Last-Modified: Mon, 02 Nov 2026 10:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"6725f2b0-400\"\r\nCache-Control: public, max-age=60\r\nAccept-Ranges: bytes\r\n\r\n";

/// Times `work(i)` and prints nanoseconds per call.
template <typename Work>
void measure(const char* name, std::size_t bytes, const Work& work) {
    std::vector<double> results;
    for (int round = 0; round < rounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < heads_per_round; ++i) work(i);
        const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
        results.push_back(spent.count() / heads_per_round);
    }
    std::sort(results.begin(), results.end());
    std::printf("%-28s %5zu bytes  best %7.1f ns  median %7.1f ns\n", name, bytes, results.front(),
                results[results.size() / 2]);
}

/// Keeps the compiler from dropping work whose result nobody reads.
template <typename T>
void keep(T& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

bool check(bool holds, const char* what) {
    if (!holds) std::fprintf(stderr, "wrong answer: %s\n", what);
    return holds;
}

http1::ParseResult request(std::string& raw, http1::HeadScan& scan, std::size_t size) {
    return http1::parse_request(std::span(reinterpret_cast<std::uint8_t*>(raw.data()), size), scan, table, limits);
}

void measure_request(const char* name, const std::string& text) {
    std::string raw = text;
    measure(name, text.size(), [&](int) {
        std::memcpy(raw.data(), text.data(), text.size());
        http1::HeadScan scan;
        http1::ParseResult result = request(raw, scan, raw.size());
        keep(result);
    });
}

}  // namespace

int main() {
    std::string raw = browser_request;
    http1::HeadScan first;
    const auto answer = request(raw, first, raw.size());
    bool is_right = check(
        answer.state == http1::Parse::ok && answer.consumed == raw.size() && table[head_word::field_count] == 14,
        "browser request");
    raw = origin_response;
    const auto response = http1::parse_response(std::span(reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()),
                                                first, table, limits, method_id::get);
    is_right = check(response.state == http1::Parse::ok && response.body == http1::Body::length, "response") &&
               is_right;
    if (!is_right) return 1;

    std::string copy = browser_request;
    measure("copy", copy.size(), [&](int) {
        std::memcpy(copy.data(), browser_request.data(), copy.size());
        keep(copy);
    });
    measure_request("request, small", small_request);
    measure_request("request, browser", browser_request);
    std::string halves = small_request;
    measure("request, small, in two reads", halves.size(), [&](int i) {
        std::memcpy(halves.data(), small_request.data(), halves.size());
        http1::HeadScan scan;
        http1::ParseResult result = request(halves, scan, 1 + static_cast<std::size_t>(i) % (halves.size() - 1));
        result = request(halves, scan, halves.size());
        keep(result);
    });
    std::string head = origin_response;
    measure("response", head.size(), [&](int) {
        std::memcpy(head.data(), origin_response.data(), head.size());
        http1::HeadScan scan;
        http1::ParseResult result = http1::parse_response(
            std::span(reinterpret_cast<std::uint8_t*>(head.data()), head.size()), scan, table, limits, method_id::get);
        keep(result);
    });
    const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
    const std::span in(reinterpret_cast<const std::uint8_t*>(chunk.data()), chunk.size());
    http1::ChunkDecoder decoder;
    measure("chunk of 1 KiB", chunk.size(), [&](int) {
        const http1::ChunkStep data = decoder.feed(in);
        http1::ChunkStep end = decoder.feed(in.subspan(data.consumed));
        keep(end);
    });
    return check(decoder.body_bytes() == std::uint64_t{rounds} * heads_per_round * 1024, "chunks") ? 0 : 1;
}
