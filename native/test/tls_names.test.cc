// What of a ClientHello is read by our own code.
#include "core/tls_names.h"

#include "check.h"

using namespace parapet;

namespace {

std::ptrdiff_t find(std::string_view list) {
    return find_protocol({reinterpret_cast<const std::uint8_t*>(list.data()), list.size()}, "http/1.1");
}

}  // namespace

TEST(a_protocol_is_found_wherever_it_stands) {
    CHECK_EQ(find("\x08http/1.1"), 1);
    CHECK_EQ(find("\x02h2\x08http/1.1"), 4);
    CHECK_EQ(find("\x08http/1.1\x02h2"), 1);
    CHECK_EQ(find("\x02h2"), -1);
    CHECK_EQ(find(""), -1);
}

TEST(a_malformed_list_has_no_protocol) {
    using namespace std::string_view_literals;
    CHECK_EQ(find("\x09http/1.1"), -1);
    CHECK_EQ(find("\x00\x08http/1.1"sv), -1);
    CHECK_EQ(find("\x08http/1."), -1);
    CHECK_EQ(find("\xff"), -1);
    CHECK_EQ(find("\x02h2\xffhttp/1.1"), -1);
    CHECK_EQ(find("\x09http/1.1x"), -1);
}

TEST(names_are_looked_up_in_lower_case) {
    CHECK_EQ(server_name_key("WWW.Example.COM."), std::string("www.example.com"));
    CHECK_EQ(server_name_key(""), std::string());
    CHECK_EQ(server_name_key("."), std::string());
}

TEST(a_wildcard_stands_for_one_label) {
    CHECK_EQ(wildcard_of("www.example.com"), std::string("*.example.com"));
    CHECK_EQ(wildcard_of("localhost"), std::string());
    CHECK_EQ(wildcard_of(""), std::string());
}

PARAPET_TEST_MAIN
