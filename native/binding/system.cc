#include "system.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/descriptor_channel.h"
#include "core/lock_file.h"
#include "core/net.h"
#include "core/service_manager.h"

namespace parapet::binding {

namespace {

constexpr std::size_t arguments_max = 3;

/// The arguments of a call; what is missing is undefined.
struct Arguments {
    napi_value values[arguments_max] = {};
    Arguments(napi_env env, napi_callback_info info) {
        std::size_t count = arguments_max;
        (void)napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
    }
};

napi_value throw_errno(napi_env env, const char* what, int error) {
    // EADDRINUSE and the like: `code` is what callers look at.
    const char* name = ::strerrorname_np(error);
    const std::string message = std::string(what) + ": " + ::strerror(error);
    napi_throw_error(env, name == nullptr ? "EUNKNOWN" : name, message.c_str());
    return nullptr;
}

napi_value throw_type(napi_env env, const char* message) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
    return nullptr;
}

bool get_int(napi_env env, napi_value value, std::int32_t& out) {
    return value != nullptr && napi_get_value_int32(env, value, &out) == napi_ok;
}

bool get_text(napi_env env, napi_value value, std::string& out) {
    std::size_t length = 0;
    if (value == nullptr || napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
    out.resize(length);
    return napi_get_value_string_utf8(env, value, out.data(), length + 1, &length) == napi_ok;
}

bool set_int(napi_env env, napi_value object, const char* name, std::int64_t number) {
    napi_value value = nullptr;
    return napi_create_int64(env, number, &value) == napi_ok && napi_set_named_property(env, object, name, value) == napi_ok;
}

bool set_bool(napi_env env, napi_value object, const char* name, bool flag) {
    napi_value value = nullptr;
    return napi_get_boolean(env, flag, &value) == napi_ok && napi_set_named_property(env, object, name, value) == napi_ok;
}

bool set_text(napi_env env, napi_value object, const char* name, const std::string& text) {
    napi_value value = nullptr;
    return napi_create_string_utf8(env, text.data(), text.size(), &value) == napi_ok &&
           napi_set_named_property(env, object, name, value) == napi_ok;
}

napi_value listen(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::string host;
    std::int32_t port = 0;
    std::int32_t backlog = 0;
    if (!get_text(env, arguments.values[0], host) || !get_int(env, arguments.values[1], port) ||
        !get_int(env, arguments.values[2], backlog) || port < 0 || port > 65535) {
        return throw_type(env, "listen(host: string, port: number, backlog: number)");
    }
    Address address;
    if (!Address::parse(host, static_cast<std::uint16_t>(port), address)) return throw_errno(env, "listen", EINVAL);
    const int fd = net::listen_on(address, backlog);
    if (fd < 0) return throw_errno(env, "listen", -fd);
    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok) return nullptr;
    set_int(env, result, "fd", fd);
    set_int(env, result, "port", net::local_address(fd).port);
    return result;
}

napi_value close_fd(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::int32_t fd = -1;
    if (!get_int(env, arguments.values[0], fd) || fd <= STDERR_FILENO) return throw_type(env, "closeFd(fd: number)");
    if (::close(fd) != 0) return throw_errno(env, "close", errno);
    return nullptr;
}

napi_value lock_file(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::string path;
    std::string holder;
    if (!get_text(env, arguments.values[0], path) || !get_text(env, arguments.values[1], holder)) {
        return throw_type(env, "lockFile(path: string, holder: string)");
    }
    const int taken = take_lock(path.c_str(), holder);
    if (taken < 0) return throw_errno(env, "lock", -taken);
    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok) return nullptr;
    set_bool(env, result, "held", taken == 1);
    if (taken == 0) set_text(env, result, "holder", holder);
    return result;
}

napi_value raise_file_limit(napi_env env, napi_callback_info) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return throw_errno(env, "getrlimit", errno);
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok) return nullptr;
    set_int(env, result, "soft", static_cast<std::int64_t>(limit.rlim_cur));
    set_int(env, result, "hard", static_cast<std::int64_t>(limit.rlim_max));
    return result;
}

napi_value notify(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::string socket;
    std::string text;
    if (!get_text(env, arguments.values[0], socket) || !get_text(env, arguments.values[1], text)) {
        return throw_type(env, "notify(socket: string, text: string)");
    }
    const int failed = notify_service_manager(socket, text);
    if (failed != 0) return throw_errno(env, "sendto", -failed);
    return nullptr;
}

napi_value to_array(napi_env env, std::span<const int> numbers) {
    napi_value array = nullptr;
    if (napi_create_array_with_length(env, numbers.size(), &array) != napi_ok) return nullptr;
    for (std::uint32_t index = 0; index < numbers.size(); ++index) {
        napi_value value = nullptr;
        if (napi_create_int32(env, numbers[index], &value) != napi_ok) return nullptr;
        if (napi_set_element(env, array, index, value) != napi_ok) return nullptr;
    }
    return array;
}

napi_value descriptor_pair(napi_env env, napi_callback_info) {
    int ends[2] = {-1, -1};
    const int failed = descriptor_channel::open_pair(ends);
    if (failed != 0) return throw_errno(env, "socketpair", -failed);
    return to_array(env, ends);
}

napi_value send_descriptors(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::int32_t channel = -1;
    std::uint32_t count = 0;
    if (!get_int(env, arguments.values[0], channel) || arguments.values[1] == nullptr ||
        napi_get_array_length(env, arguments.values[1], &count) != napi_ok) {
        return throw_type(env, "sendDescriptors(channel: number, descriptors: number[])");
    }
    std::vector<int> descriptors(count);
    for (std::uint32_t index = 0; index < count; ++index) {
        napi_value value = nullptr;
        if (napi_get_element(env, arguments.values[1], index, &value) != napi_ok || !get_int(env, value, descriptors[index])) {
            return throw_type(env, "sendDescriptors(channel: number, descriptors: number[])");
        }
    }
    const int failed = descriptor_channel::send(channel, descriptors);
    if (failed != 0) return throw_errno(env, "sendmsg", -failed);
    return nullptr;
}

napi_value receive_descriptors(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::int32_t channel = -1;
    if (!get_int(env, arguments.values[0], channel)) return throw_type(env, "receiveDescriptors(channel: number)");
    std::vector<int> descriptors;
    const int got = descriptor_channel::receive(channel, descriptors);
    if (got < 0) return throw_errno(env, "recvmsg", -got);
    return to_array(env, descriptors);
}

}  // namespace

napi_status register_system(napi_env env, napi_value exports) {
    const auto function = [](const char* name, napi_callback call) -> napi_property_descriptor {
        return {name, nullptr, call, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
    };
    const napi_property_descriptor properties[] = {
        function("listen", listen),
        function("closeFd", close_fd),
        function("lockFile", lock_file),
        function("raiseFileLimit", raise_file_limit),
        function("notify", notify),
        function("descriptorPair", descriptor_pair),
        function("sendDescriptors", send_descriptors),
        function("receiveDescriptors", receive_descriptors),
    };
    return napi_define_properties(env, exports, std::size(properties), properties);
}

}  // namespace parapet::binding
