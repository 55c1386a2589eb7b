using System.Security.Cryptography;
using NSec.Cryptography;

namespace Edge.Runtime.Updates.Envelopes;

/// <summary>
/// The two ways to sign. <c>ecdsa-p256-sha256</c>: ECDSA over the curve P-256 with SHA-256 (FIPS 186-5), the signature as r and s of 32 bytes each, one after the other (IEEE P1363, not DER). <c>ed25519</c>: RFC 8032,
/// 64 bytes. Public keys are SubjectPublicKeyInfo in DER, private ones PKCS #8 in PEM.
/// </summary>
public static class SignatureScheme
{
    /// <summary>ECDSA from the base class library; the default.</summary>
    public const string EcdsaP256 = "ecdsa-p256-sha256";

    /// <summary>Ed25519, from libsodium.</summary>
    public const string Ed25519 = "ed25519";

    /// <summary>Bytes of a signature by either.</summary>
    public const int SignatureBytes = 64;

    private const string P256Oid = "1.2.840.10045.3.1.7";

    /// <summary>Both names.</summary>
    public static IReadOnlyList<string> All { get; } = [EcdsaP256, Ed25519];

    /// <summary>Whether <paramref name="publicKey"/> is a key of <paramref name="algorithm"/>.</summary>
    public static bool IsKey(string algorithm, ReadOnlySpan<byte> publicKey)
    {
        if (algorithm == Ed25519) return PublicKey.TryImport(SignatureAlgorithm.Ed25519, publicKey, KeyBlobFormat.PkixPublicKey, out _);
        if (algorithm != EcdsaP256) return false;
        using var key = OpenEcdsa(publicKey);
        return key is not null;
    }

    /// <summary>Whether <paramref name="signature"/> is that of <paramref name="publicKey"/> over exactly these bytes; false for anything that is not a key or not a signature.</summary>
    public static bool Verify(string algorithm, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureBytes) return false;
        if (algorithm == Ed25519) return PublicKey.TryImport(SignatureAlgorithm.Ed25519, publicKey, KeyBlobFormat.PkixPublicKey, out var ed25519) && SignatureAlgorithm.Ed25519.Verify(ed25519!, payload, signature);
        if (algorithm != EcdsaP256) return false;
        using var ecdsa = OpenEcdsa(publicKey);
        return ecdsa is not null && ecdsa.VerifyData(payload, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private static ECDsa? OpenEcdsa(ReadOnlySpan<byte> publicKey)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(publicKey, out int read);
            if (read == publicKey.Length && key.ExportParameters(false).Curve.Oid is { Value: P256Oid } or { FriendlyName: "nistP256" }) return key;
        }
        catch (CryptographicException)
        {
            // No key of this kind.
        }

        key.Dispose();
        return null;
    }
}
