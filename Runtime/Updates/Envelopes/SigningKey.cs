using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;

namespace Edge.Runtime.Updates.Envelopes;

/// <summary>A private key, on the operator's machine: makes signatures. No device has one.</summary>
public sealed class SigningKey : IDisposable
{
    private readonly ECDsa? ecdsa;
    private readonly Key? ed25519;

    private SigningKey(ECDsa key) => (ecdsa, PublicKey) = (key, key.ExportSubjectPublicKeyInfo());

    private SigningKey(Key key) => (ed25519, PublicKey) = (key, key.PublicKey.Export(KeyBlobFormat.PkixPublicKey));

    /// <summary>How it signs.</summary>
    public string Algorithm => ecdsa is not null ? SignatureScheme.EcdsaP256 : SignatureScheme.Ed25519;

    /// <summary>Its public half: SubjectPublicKeyInfo, DER.</summary>
    public byte[] PublicKey { get; }

    /// <summary>What envelopes call it.</summary>
    public string Id => KeyId.Of(PublicKey);

    /// <summary>A new key.</summary>
    public static SigningKey Create(string algorithm) => algorithm switch
    {
        SignatureScheme.EcdsaP256 => new SigningKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        SignatureScheme.Ed25519 => new SigningKey(Key.Create(SignatureAlgorithm.Ed25519, new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport })),
        _ => throw new ArgumentException($"'{algorithm}' is none of {string.Join(", ", SignatureScheme.All)}", nameof(algorithm)),
    };

    /// <summary>Reads a key from PEM (PKCS #8, not encrypted).</summary>
    /// <exception cref="FormatException">It is no private key of one of the two algorithms.</exception>
    public static SigningKey FromPem(string pem)
    {
        if (Key.TryImport(SignatureAlgorithm.Ed25519, Encoding.ASCII.GetBytes(pem), KeyBlobFormat.PkixPrivateKeyText, out var key, new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport })) return new SigningKey(key!);
        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportFromPem(pem);
            _ = ecdsa.ExportPkcs8PrivateKey(); // Throws where only the public half came.
            var made = new SigningKey(ecdsa);
            if (SignatureScheme.IsKey(SignatureScheme.EcdsaP256, made.PublicKey) && made.Sign([]).Length > 0) return made; // A public key is imported as well, and signs nothing.
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Neither.
        }

        ecdsa.Dispose();
        throw new FormatException($"it is no private key for {string.Join(" or ", SignatureScheme.All)} (PKCS #8 in PEM, not encrypted); make one with 'edge config keygen'");
    }

    /// <summary>The private key as PEM.</summary>
    public string ToPem() => ecdsa is not null ? ecdsa.ExportPkcs8PrivateKeyPem() + "\n" : Encoding.ASCII.GetString(ed25519!.Export(KeyBlobFormat.PkixPrivateKeyText));

    /// <summary>The public key as PEM.</summary>
    public string ToPublicPem() => PemEncoding.WriteString("PUBLIC KEY", PublicKey) + "\n";

    /// <summary>Signs exactly these bytes.</summary>
    public byte[] Sign(ReadOnlySpan<byte> payload) => ecdsa is not null
        ? ecdsa.SignData(payload, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
        : SignatureAlgorithm.Ed25519.Sign(ed25519!, payload);

    /// <inheritdoc/>
    public void Dispose()
    {
        ecdsa?.Dispose();
        ed25519?.Dispose();
    }
}

/// <summary>What a key is called: the first 16 hexadecimal digits of the SHA-256 of its public half, so that no two keys share a name and none can take another's.</summary>
public static class KeyId
{
    /// <summary>What unsigned documents are counted under.</summary>
    public const string Unsigned = "unsigned";

    /// <summary>The name of a key.</summary>
    public static string Of(ReadOnlySpan<byte> publicKey) => Convert.ToHexStringLower(SHA256.HashData(publicKey))[..16];
}
