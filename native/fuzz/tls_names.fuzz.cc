// Any bytes as a list of application protocols: what is found stands there, whole and at its own length.
#include "core/tls_names.h"

#include "fuzz/fuzz_support.h"

using namespace parapet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view protocol = "http/1.1";
    const std::ptrdiff_t at = find_protocol({data, size}, protocol);
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (at >= 0) {
        const auto from = static_cast<std::size_t>(at);
        fuzz::require(from > 0 && data[from - 1] == protocol.size(), "its length stands before it");
        fuzz::require(bytes.substr(from, protocol.size()) == protocol, "it is the protocol");
    }
    const std::string key = server_name_key(bytes);
    fuzz::require(server_name_key(key + "x") == key + "x", "a key is its own key");
    fuzz::require(wildcard_of(key).size() <= key.size() + 1, "a wildcard is no longer than its name");
    return 0;
}
