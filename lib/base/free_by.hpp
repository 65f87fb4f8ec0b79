// The deleter for a C library's object: std::unique_ptr<BIGNUM, FreeBy<BN_clear_free>>.
#pragma once

namespace ipsec9000 {

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace ipsec9000
