// Host functions in JavaScript, as hashes.py and signatures.py are in Python: inputs are Uint8Arrays and numbers; an
// output comes back as a Uint8Array, or null where there is none, a yes or no as a boolean.
//
// The library does the arithmetic of fields and groups and the hashing. What is accepted is decided here, by the rules
// of docs/spec/host-functions.md: the library's own verification of Ed25519 is the one with cofactor.
(noble, settings) => {
  "use strict";
  const { sha256, sha512, keccak_256, blake2b, blake3, ed25519, secp256k1 } = noble;
  const { bytesToNumberBE, bytesToNumberLE, numberToBytesBE, concatBytes } = noble;
  const FIELD_25519 = BigInt(settings.field25519);
  const SMALL_ORDER_25519 = new Set(settings.smallOrder25519.map(BigInt));
  const ORDER_SECP256K1 = BigInt(settings.orderSecp256k1);
  const EdwardsPoint = ed25519.Point;
  const { Point } = secp256k1;
  const { Fn, Fp } = Point;
  const SIGN = 1n << 255n;
  const [COMPRESSED, UNCOMPRESSED] = [33, 64];

  // A point from its encoding, null if it is none. A full stack must not look like one.
  const pointOrNull = (curve, encoding) => {
    try {
      return curve.fromBytes(encoding);
    } catch (error) {
      if (String(error?.message).includes("call stack")) throw error;
      return null;
    }
  };

  // Whether an encoding is canonical and not of a point of small order; that it is a point at all shows later.
  const isStrict = (point) => {
    const y = bytesToNumberLE(point) & ~SIGN;
    return y < FIELD_25519 && !SMALL_ORDER_25519.has(y);
  };

  const scalarsOf = (signature) => [signature.subarray(0, 32), signature.subarray(32)].map(bytesToNumberBE);
  const isLow = (r, s) => 0n < r && r < ORDER_SECP256K1 && 0n < s && s <= ORDER_SECP256K1 >> 1n;

  return {
    sha256: (data) => sha256(data),
    keccak256: (data) => keccak_256(data),
    blake2b: (data) => blake2b(data, { dkLen: 32 }),
    blake3: (data) => blake3(data),

    ed25519_verify(publicKey, message, signature) {
      const [key, point] = [publicKey.slice(), signature.slice(0, 32)];
      const s = bytesToNumberLE(signature.subarray(32));
      if (!isStrict(key) || !isStrict(point) || s >= EdwardsPoint.Fn.ORDER) return false;
      const base = pointOrNull(EdwardsPoint, key);
      if (base === null) return false;
      const hash = sha512.create().update(point).update(key).update(message).digest();
      const k = EdwardsPoint.Fn.create(bytesToNumberLE(hash));
      const found = EdwardsPoint.BASE.multiplyUnsafe(s).add(base.negate().multiplyUnsafe(k)).toBytes();
      return found.every((byte, index) => byte === point[index]);
    },

    secp256k1_verify(publicKey, messageHash, signature) {
      const [r, s] = scalarsOf(signature);
      if (!isLow(r, s)) return false;
      if (publicKey.length !== COMPRESSED && publicKey.length !== UNCOMPRESSED) return false;
      const encoding = publicKey.length === UNCOMPRESSED ? concatBytes(Uint8Array.of(4), publicKey) : publicKey.slice();
      const key = pointOrNull(Point, encoding);
      if (key === null) return false;
      const inverse = Fn.inv(s);
      const [u, v] = [Fn.create(bytesToNumberBE(messageHash) * inverse), Fn.create(r * inverse)];
      const found = Point.BASE.mulAddUnsafe(u, key, v);
      return !found.is0() && Fn.create(found.toAffine().x) === r;
    },

    secp256k1_recover(messageHash, signature, recoveryId) {
      const [r, s] = scalarsOf(signature);
      if (!isLow(r, s) || recoveryId > 3) return null;
      const x = recoveryId & 2 ? r + ORDER_SECP256K1 : r;
      if (x >= Fp.ORDER) return null;
      const nonce = pointOrNull(Point, concatBytes(Uint8Array.of(2 + (recoveryId & 1)), numberToBytesBE(x, 32)));
      if (nonce === null) return null;
      const inverse = Fn.inv(r);
      const [u, v] = [Fn.create(-bytesToNumberBE(messageHash) * inverse), Fn.create(s * inverse)];
      const key = Point.BASE.mulAddUnsafe(u, nonce, v);
      return key.is0() ? null : key.toBytes(false).subarray(1);
    },
  };
}
