// Hosts and ports: what RFC 3986 allows for http, what it does not, and the normal form that keys are made of.
#include "core/http1_authority.h"

#include <string>
#include <string_view>

#include "core/http1_fields.h"
#include "test/check.h"

namespace http1 = parapet::http1;

namespace {

constexpr const char* refused = "(refused)";

/// The normal form of `text`, or `refused`.
std::string normal(std::string_view text) {
    http1::Authority authority;
    if (!http1::read_authority(reinterpret_cast<const std::uint8_t*>(text.data()),
                               static_cast<std::uint32_t>(text.size()), authority))
        return refused;
    std::uint8_t out[http1::authority_bytes_max];
    const std::uint32_t length = http1::write_authority(authority, out);
    return {reinterpret_cast<const char*>(out), length};
}

}  // namespace

TEST(a_name_is_turned_to_lower_case) {
    CHECK_EQ(normal("Example.COM"), "example.com");
    CHECK_EQ(normal("a"), "a");
    CHECK_EQ(normal("xn--bcher-kva.example"), "xn--bcher-kva.example");
    CHECK_EQ(normal("under_score.example."), "under_score.example.");
    CHECK_EQ(normal("a%2Fb"), "a%2fb");
    CHECK_EQ(normal("a!$&'()*+,;=~b"), "a!$&'()*+,;=~b");
}

TEST(a_port_is_a_plain_decimal) {
    CHECK_EQ(normal("a:80"), "a:80");
    CHECK_EQ(normal("a:0"), "a:0");
    CHECK_EQ(normal("a:00080"), "a:80");
    CHECK_EQ(normal("a:65535"), "a:65535");
    CHECK_EQ(normal("a:10000"), "a:10000");
    CHECK_EQ(normal("a:"), "a");
    for (const char* const bad :
         {"a:65536", "a:000080", "a:99999", "a:+80", "a:-1", "a:8 0", "a:http", "a:80:80", "a::80", ":80", ":"}) {
        CHECK_EQ(normal(bad), refused);
    }
}

TEST(what_no_host_has_is_refused) {
    for (const char* const bad :
         {"",    "user@a", "user:secret@a", "a b",  "a/b", "a\\b", "a?b", "a#b", "a\"b",        "a<b",  "a%",
          "a%2", "a%2g",   "a%zz",          "a\tb", "a^b", "a|b",  "{a}", "`a",  "caf\xc3\xa9", "a\x7f"}) {
        CHECK_EQ(normal(bad), refused);
    }
    CHECK_EQ(normal(std::string_view("a\0b", 3)), refused);
}

TEST(a_host_has_a_longest_length) {
    CHECK_EQ(normal(std::string(http1::host_bytes_max, 'A')), std::string(http1::host_bytes_max, 'a'));
    CHECK_EQ(normal(std::string(http1::host_bytes_max, 'a') + ":65535").size(), http1::authority_bytes_max);
    CHECK_EQ(normal(std::string(http1::host_bytes_max + 1, 'a')), refused);
}

TEST(ipv4_is_taken_as_it_is) { CHECK_EQ(normal("127.0.0.1:8080"), "127.0.0.1:8080"); }

TEST(ipv6_literals_are_read_whole) {
    for (const char* const good : {"[::]", "[::1]", "[1::]", "[2001:db8::1]", "[1:2:3:4:5:6:7:8]", "[::2:3:4:5:6:7:8]",
                                   "[1:2:3:4:5:6:7::]", "[1::3:4:5:6:7:8]", "[::ffff:192.0.2.1]",
                                   "[1:2:3:4:5:6:192.0.2.1]", "[64:ff9b::192.0.2.33]", "[::1.2.3.4]", "[fe80::1]"}) {
        CHECK_EQ(normal(good), good);
    }
    CHECK_EQ(normal("[2001:DB8::A]:443"), "[2001:db8::a]:443");
    CHECK_EQ(normal("[::1]:"), "[::1]");
}

TEST(what_is_no_ipv6_literal_is_refused) {
    for (const char* const bad : {"[",
                                  "[]",
                                  "[::1",
                                  "::1",
                                  "[::1]a",
                                  "[::1]80",
                                  "[:::]",
                                  "[1:::2]",
                                  "[1::2::3]",
                                  "[:1]",
                                  "[1:]",
                                  "[1:2:3:4:5:6:7]",
                                  "[1:2:3:4:5:6:7:8:9]",
                                  "[1:2:3:4:5:6:7:8::]",
                                  "[1:2:3:4:5:6:7::8:9]",
                                  "[12345::]",
                                  "[g::]",
                                  "[fe80::1%25eth0]",
                                  "[fe80::1%eth0]",
                                  "[v1.a]",
                                  "[1.2.3.4]",
                                  "[::256.0.0.1]",
                                  "[::1.2.3]",
                                  "[::01.2.3.4]",
                                  "[::1.2.3.4.5]",
                                  "[1:2:3:4:5:6:7:1.2.3.4]",
                                  "[::1.2.3.4:5]",
                                  "[::1]]",
                                  "[[::1]]",
                                  "[::1 ]",
                                  "[ ::1]"}) {
        CHECK_EQ(normal(bad), refused);
    }
}

PARAPET_TEST_MAIN
