#include "system.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "call.h"
#include "core/address.h"
#include "core/descriptor_channel.h"
#include "core/lock_file.h"
#include "core/net.h"
#include "core/service_manager.h"
#include "values.h"

namespace parapet::binding {

namespace {

napi_value listen(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::string host;
    std::int32_t port = 0;
    std::int32_t backlog = 0;
    if (!text_of(env, arguments[0], host) || !int_of(env, arguments[1], port) ||
        !int_of(env, arguments[2], backlog) || port < 0 || port > 65535) {
        return throw_type(env, "listen(host: string, port: number, backlog: number)");
    }
    Address address;
    if (!Address::parse(host, static_cast<std::uint16_t>(port), address)) return throw_errno(env, "listen", EINVAL);
    const int fd = net::listen_on(address, backlog);
    if (fd < 0) return throw_errno(env, "listen", -fd);
    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok) return nullptr;
    set_number(env, result, "fd", fd);
    set_number(env, result, "port", net::local_address(fd).port);
    return result;
}

napi_value close_fd(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::int32_t fd = -1;
    if (!int_of(env, arguments[0], fd) || fd <= STDERR_FILENO) return throw_type(env, "closeFd(fd: number)");
    if (::close(fd) != 0) return throw_errno(env, "close", errno);
    return nullptr;
}

napi_value lock_file(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::string path;
    std::string holder;
    if (!text_of(env, arguments[0], path) || !text_of(env, arguments[1], holder)) {
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
    set_number(env, result, "soft", static_cast<double>(static_cast<std::int64_t>(limit.rlim_cur)));
    set_number(env, result, "hard", static_cast<double>(static_cast<std::int64_t>(limit.rlim_max)));
    return result;
}

napi_value notify(napi_env env, napi_callback_info info) {
    const Arguments arguments(env, info);
    std::string socket;
    std::string text;
    if (!text_of(env, arguments[0], socket) || !text_of(env, arguments[1], text)) {
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
    if (!int_of(env, arguments[0], channel) || arguments[1] == nullptr ||
        napi_get_array_length(env, arguments[1], &count) != napi_ok) {
        return throw_type(env, "sendDescriptors(channel: number, descriptors: number[])");
    }
    std::vector<int> descriptors(count);
    for (std::uint32_t index = 0; index < count; ++index) {
        napi_value value = nullptr;
        if (napi_get_element(env, arguments[1], index, &value) != napi_ok || !int_of(env, value, descriptors[index])) {
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
    if (!int_of(env, arguments[0], channel)) return throw_type(env, "receiveDescriptors(channel: number)");
    std::vector<int> descriptors;
    const int got = descriptor_channel::receive(channel, descriptors);
    if (got < 0) return throw_errno(env, "recvmsg", -got);
    return to_array(env, descriptors);
}

}  // namespace

napi_status register_system(napi_env env, napi_value exports) {
    return define(env, exports, {
        {"listen", listen},
        {"closeFd", close_fd},
        {"lockFile", lock_file},
        {"raiseFileLimit", raise_file_limit},
        {"notify", notify},
        {"descriptorPair", descriptor_pair},
        {"sendDescriptors", send_descriptors},
        {"receiveDescriptors", receive_descriptors},
    });
}

}  // namespace parapet::binding
