// The line encoder: text of values against the plain way to make it, and programs that are none.
#include "../core/ndjson.h"
#include "../core/contract.gen.h"

#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "ring_support.h"

using namespace parapet;
using namespace parapet::test;

namespace {

std::mt19937_64& random_bits() {
    static std::mt19937_64 bits(4711);
    return bits;
}

/// Runs a writer of text into memory that ends where it may write to.
template <typename Put>
std::string text_of(std::size_t bytes_max, Put put) {
    const std::unique_ptr<std::uint8_t[]> out(new std::uint8_t[bytes_max + text::text_slack]);
    const std::uint8_t* end = put(out.get());
    return {reinterpret_cast<const char*>(out.get()), static_cast<std::size_t>(end - out.get())};
}

/// The same string in memory of its own, so that reading past its end is seen.
std::string escaped(const std::string& string) {
    const std::vector<std::uint8_t> copy(string.begin(), string.end());
    return text_of(6 * copy.size(), [&](std::uint8_t* out) {
        return text::put_escaped(out, copy.data(), static_cast<std::uint32_t>(copy.size()));
    });
}

void put16(std::vector<std::uint8_t>& out, std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
}

void put32(std::vector<std::uint8_t>& out, std::uint32_t value) {
    put16(out, value & 0xffff);
    put16(out, value >> 16);
}

/// `{"u":URI,"s":STATUS}` with all that a program has: header, three ops, literals, slack.
std::vector<std::uint8_t> small_program(std::uint32_t first = encode::op_code::uri, std::uint32_t first_source = record_string::path) {
    const std::string literals = "{\"u\":,\"s\":}\n";
    const std::uint32_t literals_at = encode::program_header_bytes + 3 * encode::op_bytes;
    std::vector<std::uint8_t> program;
    put32(program, encode::program_version);
    put32(program, 3);
    put32(program, ring::dataset::http_requests);
    put32(program, literals_at + static_cast<std::uint32_t>(literals.size()) + encode::program_slack_bytes);
    const auto op = [&](std::uint32_t code, std::uint32_t source, std::uint32_t offset, std::uint32_t length) {
        put16(program, code);
        put16(program, source);
        put32(program, literals_at + offset);
        put32(program, length);
        put32(program, 0);
    };
    op(first, first_source, 0, 5);
    op(encode::op_code::u16, ring::frame_header_bytes + offsetof(RecordFixed, edge_status), 5, 5);
    op(encode::op_code::end, 0, 10, 2);
    program.insert(program.end(), literals.begin(), literals.end());
    program.insert(program.end(), encode::program_slack_bytes, 0);
    return program;
}

std::vector<std::uint64_t> frame_words(const RecordInput& input) {
    std::vector<std::uint64_t> words(record_frame_bytes(input.strings) / 8);
    auto* frame = reinterpret_cast<std::uint8_t*>(words.data());
    const std::uint32_t bytes = record_write(frame, input.fixed, input.strings);
    std::memcpy(frame + ring::frame_word::length, &bytes, sizeof bytes);
    return words;
}

}  // namespace

TEST(escapes) {
    CHECK_EQ(escaped("plain"), std::string("plain"));
    CHECK_EQ(escaped("a\"b\\c\n\t\r\b\f"), std::string("a\\\"b\\\\c\\n\\t\\r\\b\\f"));
    CHECK_EQ(escaped(std::string("\0\x1f\x7f", 3)), std::string("\\u0000\\u001f\x7f"));
    CHECK_EQ(escaped("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), std::string("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"));
    // Not UTF-8: overlong, surrogate, beyond the last code point, cut, a lone continuation, ISO 8859-1.
    CHECK_EQ(escaped("\xc0\xaf"), std::string("\\u00c0\\u00af"));
    CHECK_EQ(escaped("\xed\xa0\x80"), std::string("\\u00ed\\u00a0\\u0080"));
    CHECK_EQ(escaped("\xf4\x90\x80\x80"), std::string("\\u00f4\\u0090\\u0080\\u0080"));
    CHECK_EQ(escaped("\xe2\x82"), std::string("\\u00e2\\u0082"));
    CHECK_EQ(escaped("caf\xe9!"), std::string("caf\\u00e9!"));
}

TEST(clean_runs_of_every_length_and_alignment) {
    for (std::size_t length = 0; length < 70; ++length) {
        for (std::size_t at = 0; at <= length; ++at) {
            std::string string(length, 'x');
            std::string expected = string;
            if (at < length) {
                string[at] = '"';
                expected.replace(at, 1, "\\\"");
            }
            CHECK_EQ(escaped(string), expected);
        }
    }
}

TEST(random_bytes_stay_within_six_for_each) {
    for (int round = 0; round < 20'000; ++round) {
        std::string string(random_bits()() % 60, '\0');
        for (char& byte : string) byte = static_cast<char>(random_bits()());
        CHECK(escaped(string).size() <= 6 * string.size());
    }
}

TEST(numbers_of_every_length) {
    for (int round = 0; round < 200'000; ++round) {
        const std::uint64_t value = random_bits()() >> (random_bits()() % 64);
        CHECK_EQ(text_of(20, [&](std::uint8_t* out) { return text::put_u64(out, value); }), std::to_string(value));
        char hex[17];
        std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(value));
        CHECK_EQ(text_of(16, [&](std::uint8_t* out) { return text::put_hex16(out, value); }), std::string(hex));
    }
    for (std::uint64_t power = 1; power < 10'000'000'000'000'000'000u; power *= 10) {
        for (const std::uint64_t value : {power - 1, power, power + 1}) {
            CHECK_EQ(text_of(20, [&](std::uint8_t* out) { return text::put_u64(out, value); }), std::to_string(value));
        }
    }
}

TEST(times_agree_with_the_library) {
    text::TimeText times;
    for (int round = 0; round < 50'000; ++round) {
        // Runs of times within a second, and leaps.
        const std::uint64_t ns = round % 3 == 0 ? random_bits()() : 1'700'000'000'000'000'000u + random_bits()() % 3'000'000'000u;
        const auto second = static_cast<std::time_t>(ns / 1'000'000'000);
        std::tm parts{};
        ::gmtime_r(&second, &parts);
        char seconds[40];
        std::strftime(seconds, sizeof seconds, "\"%Y-%m-%dT%H:%M:%S", &parts);
        char fraction[20];
        std::snprintf(fraction, sizeof fraction, ".%09lluZ\"", static_cast<unsigned long long>(ns % 1'000'000'000));
        CHECK_EQ(text_of(32, [&](std::uint8_t* out) { return times.put(out, ns, 9); }), std::string(seconds) + fraction);
        CHECK_EQ(text_of(32, [&](std::uint8_t* out) { return times.put(out, ns, 0); }), std::string(seconds) + "Z\"");
    }
}

TEST(addresses) {
    const auto quoted = [](std::initializer_list<std::uint8_t> bytes) {
        const std::vector<std::uint8_t> copy(bytes);
        return text_of(48, [&](std::uint8_t* out) { return text::put_quoted_address(out, copy.data()); });
    };
    CHECK_EQ(quoted({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), std::string("\"\""));
    CHECK_EQ(quoted({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 255, 255, 255, 255}), std::string("\"255.255.255.255\""));
    CHECK_EQ(quoted({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), std::string("\"2001:db8::1\""));
}

TEST(a_small_program_makes_its_line) {
    const std::vector<std::uint8_t> bytes = small_program();
    LineProgram program;
    CHECK(program.open(bytes));
    RecordInput input = record(1);
    input.strings.query = "a=1";
    auto words = frame_words(input);
    const auto* frame = reinterpret_cast<const std::uint8_t*>(words.data());
    const auto length = static_cast<std::uint32_t>(words.size() * 8);
    CHECK(record_is_whole(frame, length));
    const std::string line = text_of(program.line_bytes_max(length), [&](std::uint8_t* out) { return program.run(frame, out); });
    CHECK_EQ(line, std::string("{\"u\":\"/index.html?a=1\",\"s\":200}\n"));
}

TEST(a_list_becomes_an_array) {
    const std::vector<std::uint8_t> bytes = small_program(encode::op_code::list, record_string::security_actions);
    LineProgram program;
    CHECK(program.open(bytes));
    const auto line_of = [&](std::string_view items) {
        RecordInput input = record(1);
        input.strings.security_actions = items;
        auto words = frame_words(input);
        const auto* frame = reinterpret_cast<const std::uint8_t*>(words.data());
        const auto length = static_cast<std::uint32_t>(words.size() * 8);
        return text_of(program.line_bytes_max(length), [&](std::uint8_t* out) { return program.run(frame, out); });
    };
    CHECK_EQ(line_of(""), std::string("{\"u\":[],\"s\":200}\n"));
    CHECK_EQ(line_of("log"), std::string("{\"u\":[\"log\"],\"s\":200}\n"));
    CHECK_EQ(line_of("log\x1f\"\x1f" "block"), std::string("{\"u\":[\"log\",\"\\\"\",\"block\"],\"s\":200}\n"));
    CHECK_EQ(line_of(std::string(100, '\x1f')).size(), std::string("{\"u\":[],\"s\":200}\n").size() + 101 * 3 - 1);
}

TEST(a_device_is_told_by_the_words_of_browsers) {
    const std::vector<std::uint8_t> bytes = small_program(encode::op_code::device, record_string::user_agent);
    LineProgram program;
    CHECK(program.open(bytes));
    CHECK(!LineProgram().open(small_program(encode::op_code::device, record_string_count)));
    const auto device_of = [&](std::string_view agent) {
        RecordInput input = record(1);
        input.strings.user_agent = agent;
        auto words = frame_words(input);
        const auto* frame = reinterpret_cast<const std::uint8_t*>(words.data());
        const auto length = static_cast<std::uint32_t>(words.size() * 8);
        const std::string line = text_of(program.line_bytes_max(length), [&](std::uint8_t* out) { return program.run(frame, out); });
        return line.substr(6, line.find('"', 6) - 6);
    };
    CHECK_EQ(device_of(""), std::string("desktop"));
    CHECK_EQ(device_of("curl/8"), std::string("desktop"));
    CHECK_EQ(device_of("Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36"), std::string("desktop"));
    CHECK_EQ(device_of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"), std::string("mobile"));
    CHECK_EQ(device_of("Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari/537.36"), std::string("mobile"));
    CHECK_EQ(device_of("Mozilla/5.0 (Linux; Android 14; SM-X200) Safari/537.36"), std::string("tablet"));
    CHECK_EQ(device_of("Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Mobile/15E148"), std::string("tablet"));
}

TEST(annotations_share_one_bound) {
    const std::string text(annotation_bytes_max, 'x');
    RecordInput input = record(1);
    input.strings.security_action = "block";
    input.strings.security_sources = text;
    auto words = frame_words(input);
    const auto* frame = reinterpret_cast<const std::uint8_t*>(words.data());
    CHECK(record_is_whole(frame, static_cast<std::uint32_t>(words.size() * 8)));
    std::uint16_t entry[2];
    std::memcpy(entry, frame + ring::frame_header_bytes + sizeof(RecordFixed) + 4 * record_string::security_sources, sizeof entry);
    CHECK_EQ(std::uint32_t{entry[1]}, annotation_bytes_max - 5u);
}

TEST(a_program_that_is_none_is_refused_or_stays_within_its_bounds) {
    const std::vector<std::uint8_t> good = small_program();
    auto words = frame_words(record(1));
    const auto* frame = reinterpret_cast<const std::uint8_t*>(words.data());
    const auto length = static_cast<std::uint32_t>(words.size() * 8);
    std::uint32_t opened = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::vector<std::uint8_t> bytes = good;
        for (std::uint64_t changes = 1 + random_bits()() % 3; changes > 0; --changes) {
            bytes[random_bits()() % bytes.size()] = static_cast<std::uint8_t>(random_bits()() % 40);
        }
        if (round % 4 == 0) bytes.resize(random_bits()() % bytes.size());
        LineProgram program;
        if (!program.open(bytes)) continue;
        ++opened;
        const std::string line = text_of(program.line_bytes_max(length), [&](std::uint8_t* out) { return program.run(frame, out); });
        CHECK(line.size() <= program.line_bytes_max(length));
    }
    CHECK(opened > 1000);
}

TEST(frames_of_random_bytes_are_not_whole_or_can_be_read) {
    const std::vector<std::uint8_t> bytes = small_program();
    LineProgram program;
    CHECK(program.open(bytes));
    for (int round = 0; round < 100'000; ++round) {
        auto words = frame_words(record(1));
        auto* frame = reinterpret_cast<std::uint8_t*>(words.data());
        const auto length = static_cast<std::uint32_t>(words.size() * 8);
        for (int change = 0; change < 4; ++change) frame[24 + random_bits()() % (length - 24)] = static_cast<std::uint8_t>(random_bits()());
        if (!record_is_whole(frame, length)) continue;
        (void)text_of(program.line_bytes_max(length), [&](std::uint8_t* out) { return program.run(frame, out); });
    }
}

PARAPET_TEST_MAIN
