// A call from JavaScript: its arguments, what it throws, and the names under which functions stand.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>

namespace parapet::binding {

/// The arguments of a call; what is missing is undefined.
struct Arguments {
    static constexpr std::size_t count_max = 6;
    napi_value values[count_max] = {};

    Arguments(napi_env env, napi_callback_info info) {
        std::size_t count = count_max;
        (void)napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
    }
    napi_value operator[](std::size_t index) const { return values[index]; }
};

inline napi_value throw_type(napi_env env, const char* message) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
    return nullptr;
}

/// `code` is what callers look at: EADDRINUSE and the like.
inline napi_value throw_errno(napi_env env, const std::string& what, int error) {
    const char* name = ::strerrorname_np(error);
    napi_throw_error(env, name == nullptr ? "EUNKNOWN" : name, (what + ": " + ::strerror(error)).c_str());
    return nullptr;
}

inline bool int_of(napi_env env, napi_value value, std::int32_t& out) {
    return value != nullptr && napi_get_value_int32(env, value, &out) == napi_ok;
}

/// Whether `value` is of this type.
inline bool is(napi_env env, napi_value value, napi_valuetype wanted) {
    napi_valuetype type = napi_undefined;
    return value != nullptr && napi_typeof(env, value, &type) == napi_ok && type == wanted;
}

/// The bytes of a Uint8Array; false: it is none.
inline bool bytes_of(napi_env env, napi_value value, std::span<std::uint8_t>& out) {
    napi_typedarray_type type{};
    std::size_t length = 0;
    void* data = nullptr;
    if (value == nullptr || napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
    if (type != napi_uint8_array) return false;
    out = {static_cast<std::uint8_t*>(data), length};
    return true;
}

struct Function {
    const char* name;
    napi_callback call;
};

/// Adds the functions to `exports`.
inline napi_status define(napi_env env, napi_value exports, std::initializer_list<Function> functions) {
    for (const auto& [name, call] : functions) {
        const napi_property_descriptor property{name, nullptr, call, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
        if (const napi_status status = napi_define_properties(env, exports, 1, &property); status != napi_ok) return status;
    }
    return napi_ok;
}

}  // namespace parapet::binding
