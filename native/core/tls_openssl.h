// What the files that call OpenSSL share: owners of its objects, and a clean error queue.
#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace parapet {

/// The error queue is the thread's, and shared with everything else that uses OpenSSL on it.
struct CleanErrors {
    CleanErrors() noexcept { ERR_clear_error(); }
    ~CleanErrors() { ERR_clear_error(); }
    CleanErrors(const CleanErrors&) = delete;
    CleanErrors& operator=(const CleanErrors&) = delete;
};

template <auto Free>
struct Freeing {
    template <typename T>
    void operator()(T* at) const noexcept {
        Free(at);
    }
};
using X509Owner = std::unique_ptr<X509, Freeing<X509_free>>;
using KeyOwner = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using BioOwner = std::unique_ptr<BIO, Freeing<BIO_free>>;

}  // namespace parapet
