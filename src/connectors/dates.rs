//! Vendors' dates: a calendar date, in the ways in which their APIs write one.

use chrono::{Datelike, NaiveDate};

/// `2024-02-29`, `02/29/2024` (Paycom writes both), either with a time behind it, and `0000-00-00`, a date long ago (ConnectWise:
/// 1800-01-01) or nothing for no date.
///
/// A time's offset is not looked at: `1999-05-04T00:00:00-05:00` is a calendar date at the vendor's midnight, and would be
/// another day elsewhere. What cannot be read is no date: a date is never worth a person.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = text.split(['T', 't', ' ']).next()?;
    let (year, month, day) = if day.contains('/') {
        let (month, rest) = day.split_once('/')?;
        let (day, year) = rest.split_once('/')?;
        (year, month, day)
    } else {
        let (year, rest) = day.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        (year, month, day)
    };
    let date = NaiveDate::from_ymd_opt(number(year, 4, 4)? as i32, number(month, 1, 2)?, number(day, 1, 2)?)?;
    // 0001-01-01 and its like are how other systems' «no date» comes through an import; some count from 1900-01-01.
    (date.year() > 1900).then_some(date)
}

fn number(digits: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_way_to_write_a_date_is_read() {
        let leap = NaiveDate::from_ymd_opt(2024, 2, 29);
        for text in [
            "2024-02-29",
            "02/29/2024",
            "2/29/2024",
            " 2024-02-29 ",
            "2024-02-29T00:00:00-06:00",
            "2024-02-29T23:59:59+14:00",
            "2024-02-29T00:00:00Z",
            "2024-02-29 00:00:00",
            "02/29/2024 12:00 AM",
        ] {
            assert_eq!(date(text), leap, "{text}");
        }
        for none in [
            "",
            " ",
            "0000-00-00",
            "0000-00-00 00:00:00",
            "00/00/0000",
            "0001-01-01",
            "1800-01-01T00:00:00Z",
            "1900-01-01",
            "2023-02-29",
            "29/02/2024",
            "2024-13-01",
            "20240229",
            "24-02-29",
            "2024-02",
            "+024-02-29",
            "2024-2--9",
            "Null",
            "٢٠٢٤-٠٢-٢٩",
        ] {
            assert_eq!(date(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn a_date_reads_the_same_in_all_formats(days in 0i64..73_000, hour in 0u32..24, offset in -12i32..=14) {
            let day = NaiveDate::from_ymd_opt(1901, 1, 1).unwrap() + chrono::Days::new(days as u64);
            let sign = if offset < 0 { '-' } else { '+' };
            let iso = format!("{day}T{hour:02}:00:00{sign}{:02}:00", offset.abs());
            for text in [day.to_string(), day.format("%m/%d/%Y").to_string(), iso] {
                prop_assert_eq!(date(&text), Some(day), "{}", text);
            }
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,40}", digits in "[0-9/T :-]{0,24}") {
            let _ = (date(&text), date(&digits));
        }
    }
}
