/// The reasons for a refusal that a caller is told by the upstream's own word, so that its library can act on it.
///
/// Only these words and the phrases here go out; an upstream's text may hold secrets. The phrases are those of the
/// OpenAI API where clients look for them: LiteLLM knows a context that is too long by "maximum context length is".
package enum CallerFault: String, Sendable, CaseIterable {
    case contextLengthExceeded = "context_length_exceeded"
    case stringAboveMaxLength = "string_above_max_length"
    case arrayAboveMaxLength = "array_above_max_length"
    case contentPolicyViolation = "content_policy_violation"
    case contentFilter = "content_filter"
    case invalidPrompt = "invalid_prompt"
    case unsupportedParameter = "unsupported_parameter"
    case unknownParameter = "unknown_parameter"
    case missingRequiredParameter = "missing_required_parameter"
    case unsupportedValue = "unsupported_value"
    case invalidValue = "invalid_value"
    case invalidType = "invalid_type"
    case integerAboveMaxValue = "integer_above_max_value"
    case integerBelowMinValue = "integer_below_min_value"
    case decimalAboveMaxValue = "decimal_above_max_value"
    case decimalBelowMinValue = "decimal_below_min_value"
    case invalidFunctionParameters = "invalid_function_parameters"
    case invalidJSONSchema = "invalid_json_schema"
    case invalidImage = "invalid_image"
    case invalidImageURL = "invalid_image_url"
    case invalidImageFormat = "invalid_image_format"
    case invalidBase64Image = "invalid_base64_image"
    case imageTooLarge = "image_too_large"
    case imageTooSmall = "image_too_small"
    case imageParseError = "image_parse_error"
    case unsupportedImageMediaType = "unsupported_image_media_type"
    case emptyImageFile = "empty_image_file"
    case failedToDownloadImage = "failed_to_download_image"
    /// The upstream takes nothing more from this user, by the pseudonym that it was sent.
    case blockedByUpstream = "blocked_by_upstream"

    /// A sentence for a person, which ends without what only the refusal at hand knows.
    var phrase: String {
        switch self {
        case .contextLengthExceeded:
            "This model's maximum context length is exceeded by this request. Please reduce the length of the messages."
        case .stringAboveMaxLength: "String too long. Expected a string with maximum length as the upstream sets it."
        case .arrayAboveMaxLength: "A list is longer than the upstream takes."
        case .contentPolicyViolation: "Your request was rejected as a result of our safety system."
        case .contentFilter:
            "The response was filtered due to the prompt triggering the upstream's content management policy."
        case .invalidPrompt: "The upstream refused the prompt as against its usage policy."
        case .unsupportedParameter: "Unsupported parameter: it is not supported with this model."
        case .unknownParameter: "Unknown parameter."
        case .missingRequiredParameter: "Missing required parameter."
        case .unsupportedValue: "Unsupported value: it is not supported with this model."
        case .invalidValue: "Invalid value."
        case .invalidType: "Invalid type."
        case .integerAboveMaxValue, .decimalAboveMaxValue: "A number is above the largest that the upstream takes."
        case .integerBelowMinValue, .decimalBelowMinValue: "A number is below the smallest that the upstream takes."
        case .invalidFunctionParameters: "Invalid schema for the parameters of a function."
        case .invalidJSONSchema: "Invalid JSON schema for the format of the response."
        case .invalidImage: "Invalid image."
        case .invalidImageURL: "Invalid image URL."
        case .invalidImageFormat, .unsupportedImageMediaType: "The image has a format that the upstream does not take."
        case .invalidBase64Image: "Invalid base64 of an image."
        case .imageTooLarge: "The image is too large for the upstream."
        case .imageTooSmall: "The image is too small for the upstream."
        case .imageParseError: "The upstream could not read the image."
        case .emptyImageFile: "The image is empty."
        case .failedToDownloadImage: "The upstream could not download the image."
        case .blockedByUpstream:
            "The upstream takes no more requests of this user, because of what was sent before. Ask the administrator."
        }
    }
}
